// What a power cut can leave of a folder: a model of it, fed with a trace.
//
// The model promises no more than POSIX: what a file's sync covered is there; of everything else any part may be there,
// in any order, in whole sectors. A name (of a new file, a rename, a link, an unlink, a folder) lasts once the folder
// it is in was synced, whatever happened to the file. File systems with a journal promise more.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "fault/trace.h"

namespace signet::test {

/// What survives of that which was not synced.
enum class Survival : std::uint8_t {
  kNothing,
  kEverything,  ///< as after a kill: the model's view of the present
  kNames,       ///< names without what was written
  kData,        ///< what was written, without names
  kTorn,        ///< everything, but of the last write only the first sectors
  kLastFile,    ///< everything of the file that was changed last, nothing of the others
  kRandom,      ///< each name or not; of each write all, nothing, its first, its last or some of its sectors
};

/// A number that says which state of one kind: two with the same seed are the same.
using Seed = std::uint32_t;

class Disk {
 public:
  /// The folder as it is, with everything in it durable.
  explicit Disk(const std::string& folder);
  Disk(Disk&&) = default;  // not copied: copies would share their files

  /// The next record of a trace of that folder. Throws std::runtime_error when it does not fit the model.
  void apply(const TraceRecord& record);
  /// True when the last record changed what a cut can leave.
  [[nodiscard]] bool changed() const noexcept { return changed_; }

  /// Writes the folder that a power cut at this moment could leave to `folder`, which must not be there.
  void write(const std::string& folder, Survival survival, Seed seed = 0) const;

  /// Files and folders (below the folder) of which a power cut now may leave another name or another content than what
  /// is there.
  [[nodiscard]] std::vector<std::string> uncertain() const;

  /// The bytes of a file (its path below the folder) that no power cut takes away; nothing when its name may be lost.
  [[nodiscard]] std::optional<Bytes> durable(const std::string& path) const;

 private:
  struct Node;
  using NodePtr = std::shared_ptr<Node>;
  using Names = std::map<std::string, NodePtr>;
  /// A name's file from now on; nothing: the name is gone.
  using NameChange = std::vector<std::pair<std::string, NodePtr>>;  // set together or not at all
  struct DataChange {
    std::uint64_t offset = 0;
    Bytes bytes = {};
    std::optional<std::uint64_t> size = {};           ///< instead: cut or extend to exactly this
    std::optional<std::uint64_t> size_at_least = {};  ///< instead: extend to this
  };
  template <class T>
  struct Pending {
    std::uint64_t number = 0;
    bool doomed = false;  ///< a sync of it failed: no later one covers it
    T change;
  };
  struct Node {
    bool is_folder = false;
    Bytes durable;
    std::vector<Pending<DataChange>> data;
    Names durable_names;
    Names names;  ///< as the processes see them
    std::vector<Pending<NameChange>> name_changes;
  };
  struct Choice;
  struct Place {
    NodePtr folder;
    std::string name;
  };
  struct Sync {
    NodePtr node;
    std::uint64_t up_to = 0;
  };

  [[nodiscard]] static NodePtr load(const std::string& path);
  [[nodiscard]] Place place_of(const std::string& path) const;
  [[nodiscard]] NodePtr find(const std::string& path) const;
  [[nodiscard]] NodePtr handle(const TraceRecord& record) const;
  void open(const TraceRecord& record);
  void rename(const TraceRecord& record);
  void change_names(const NodePtr& folder, NameChange change);
  void change_data(const NodePtr& node, DataChange change);
  void end_sync(const TraceRecord& record);
  void end_sync_of_all(const TraceRecord& record);
  [[nodiscard]] std::vector<NodePtr> all_nodes() const;
  static void fail_sync(Node& node);
  static void make_durable(Node& node, std::uint64_t up_to);
  static void apply_to(Bytes& content, const DataChange& change);
  static void apply_to(Names& names, const NameChange& change);
  static void write_node(const Node& node, const std::string& path, Choice& choice);

  std::string root_path_;
  NodePtr root_;
  std::vector<std::weak_ptr<Node>> made_;                            // since the beginning; the root has the others
  std::map<std::pair<std::uint32_t, std::uint32_t>, NodePtr> open_;  // by process and handle
  std::map<std::pair<std::uint32_t, std::uint32_t>, Sync> syncs_;    // by process and thread
  std::uint64_t last_number_ = 0;
  bool changed_ = false;
};

}  // namespace signet::test
