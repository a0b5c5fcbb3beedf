#include "fault/disk.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

#include "base/file.h"
#include "support/command.h"

namespace signet::test {
namespace {

constexpr std::size_t kSectorSizes[] = {512, 4096};

/// Written where they are not zero, so that space that was only allocated stays a hole.
void write_file(const std::string& path, const Bytes& content) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.valid() || ftruncate(file.get(), static_cast<off_t>(content.size())) != 0) {
    throw std::runtime_error(path + ": cannot be written");
  }
  constexpr std::size_t kBlock = 4096;
  for (std::size_t at = 0; at < content.size(); at += kBlock) {
    const ByteView block = ByteView(content).subspan(at, std::min(kBlock, content.size() - at));
    if (std::ranges::all_of(block, [](std::uint8_t byte) { return byte == 0; })) continue;
    if (pwrite(file.get(), block.data(), block.size(), static_cast<off_t>(at)) != static_cast<ssize_t>(block.size())) {
      throw std::runtime_error(path + ": cannot be written");
    }
  }
}

}  // namespace

/// Decides, in the order in which it is asked.
struct Disk::Choice {
  Survival survival;
  std::mt19937 random;
  std::size_t sector_bytes;
  std::uint64_t last_write = 0;     ///< the number of the newest change of data that is pending anywhere
  const Node* last_file = nullptr;  ///< what it is pending in

  Choice(Survival what, Seed seed) : survival(what), random(seed), sector_bytes(kSectorSizes[random() % 2]) {}

  bool keeps_names() {
    if (survival == Survival::kRandom) return random() % 2 == 0;
    return survival == Survival::kEverything || survival == Survival::kNames || survival == Survival::kTorn;
  }

  /// The change, or nothing; or, torn, several smaller ones.
  std::vector<DataChange> surviving(const Node& node, const Pending<DataChange>& pending) {
    switch (survival) {
      case Survival::kLastFile:
        if (&node != last_file) return {};
        return {pending.change};
      case Survival::kNothing:
      case Survival::kNames: return {};
      case Survival::kEverything:
      case Survival::kData: return {pending.change};
      case Survival::kTorn:
        return pending.number == last_write ? torn(pending.change, Tear::kFirst) : std::vector{pending.change};
      case Survival::kRandom: break;
    }
    switch (random() % 5) {
      case 0: return {};
      case 1: return {pending.change};
      case 2: return torn(pending.change, Tear::kFirst);
      case 3: return torn(pending.change, Tear::kLast);
      default: return torn(pending.change, Tear::kSome);
    }
  }

 private:
  enum class Tear : std::uint8_t { kFirst, kLast, kSome };

  std::vector<DataChange> torn(const DataChange& change, Tear how) {
    if (change.bytes.empty()) return random() % 2 == 0 ? std::vector<DataChange>{} : std::vector{change};
    const std::vector<DataChange> sectors = in_sectors(change);
    const std::size_t border = random() % (sectors.size() + 1);
    std::vector<DataChange> kept;
    for (std::size_t i = 0; i < sectors.size(); ++i) {
      const bool keep = how == Tear::kFirst ? i < border : how == Tear::kLast ? i >= border : random() % 2 == 0;
      if (keep) kept.push_back(sectors[i]);
    }
    return kept;
  }

  std::vector<DataChange> in_sectors(const DataChange& change) const {
    std::vector<DataChange> sectors;
    for (std::size_t at = 0; at < change.bytes.size();) {
      const std::uint64_t offset = change.offset + at;
      const std::size_t room = sector_bytes - static_cast<std::size_t>(offset % sector_bytes);
      const std::size_t size = std::min(room, change.bytes.size() - at);
      sectors.push_back({.offset = offset, .bytes = copy_of(ByteView(change.bytes).subspan(at, size))});
      at += size;
    }
    return sectors;
  }
};

Disk::Disk(const std::string& folder) : root_path_(std::filesystem::canonical(folder)), root_(load(root_path_)) {}

Disk::NodePtr Disk::load(const std::string& path) {
  auto node = std::make_shared<Node>();
  node->is_folder = std::filesystem::is_directory(path);
  if (!node->is_folder) {
    node->durable = copy_of(bytes_of(slurp(path)));
    return node;
  }
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    node->names.emplace(entry.path().filename(), load(entry.path()));
  }
  node->durable_names = node->names;
  return node;
}

/// The folder that a path is in, and its name there.
Disk::Place Disk::place_of(const std::string& path) const {
  const std::size_t slash = path.rfind('/');
  const NodePtr folder = find(path.substr(0, slash));
  if (folder == nullptr || !folder->is_folder) throw std::runtime_error(path + ": its folder is not in the trace");
  return {.folder = folder, .name = path.substr(slash + 1)};
}

Disk::NodePtr Disk::find(const std::string& path) const {
  if (path == root_path_) return root_;
  if (!path.starts_with(root_path_ + "/")) throw std::runtime_error(path + ": not of this folder");
  const Place place = place_of(path);
  const auto found = place.folder->names.find(place.name);
  return found == place.folder->names.end() ? nullptr : found->second;
}

Disk::NodePtr Disk::handle(const TraceRecord& record) const {
  const auto found = open_.find({record.process, record.handle});
  if (found == open_.end()) throw std::runtime_error("the trace uses a file that it did not open");
  return found->second;
}

void Disk::apply(const TraceRecord& record) {
  changed_ = true;
  switch (record.op) {
    case TraceOp::kStart: changed_ = false; break;
    case TraceOp::kOpen: open(record); break;
    case TraceOp::kWrite: {
      change_data(handle(record), {.offset = record.offset, .bytes = record.bytes});
      break;
    }
    case TraceOp::kTruncate: change_data(handle(record), {.size = record.offset}); break;
    case TraceOp::kAllocate: change_data(handle(record), {.size_at_least = record.offset}); break;
    case TraceOp::kSyncBegin:
      syncs_[{record.process, record.thread}] = {.node = handle(record), .up_to = last_number_};
      changed_ = false;
      break;
    case TraceOp::kSyncEnd: end_sync(record); break;
    case TraceOp::kSyncFailed: fail_sync(*handle(record)); break;
    case TraceOp::kSyncAllBegin:
      syncs_[{record.process, record.thread}] = {.node = nullptr, .up_to = last_number_};
      changed_ = false;
      break;
    case TraceOp::kSyncAllEnd: end_sync_of_all(record); break;
    case TraceOp::kSyncAllFailed:
      for (const NodePtr& node : all_nodes()) fail_sync(*node);
      break;
    case TraceOp::kRename: rename(record); break;
    case TraceOp::kLink: {
      const Place to = place_of(record.to_path);
      change_names(to.folder, {{to.name, find(record.path)}});
      break;
    }
    case TraceOp::kUnlink: {
      const Place place = place_of(record.path);
      change_names(place.folder, {{place.name, nullptr}});
      break;
    }
    case TraceOp::kMakeFolder: {
      const Place place = place_of(record.path);
      auto node = std::make_shared<Node>();
      made_.push_back(node);
      node->is_folder = true;
      change_names(place.folder, {{place.name, std::move(node)}});
      break;
    }
  }
}

void Disk::open(const TraceRecord& record) {
  changed_ = false;
  const auto flags = static_cast<int>(record.offset);
  NodePtr node = find(record.path);
  if (node == nullptr) {
    if ((flags & O_CREAT) == 0) throw std::runtime_error(record.path + ": opened, but not in the model");
    node = std::make_shared<Node>();
    made_.push_back(node);
    const Place place = place_of(record.path);
    change_names(place.folder, {{place.name, node}});
    changed_ = true;
  } else if ((flags & O_TRUNC) != 0) {
    change_data(node, {.size = 0});
    changed_ = true;
  }
  open_[{record.process, record.handle}] = node;
}

void Disk::rename(const TraceRecord& record) {
  const Place from = place_of(record.path);
  const Place to = place_of(record.to_path);
  const NodePtr node = find(record.path);
  if (node == nullptr) throw std::runtime_error(record.path + ": renamed, but not in the model");
  if (from.folder == to.folder) return change_names(from.folder, {{from.name, nullptr}, {to.name, node}});
  change_names(from.folder, {{from.name, nullptr}});
  change_names(to.folder, {{to.name, node}});
}

void Disk::change_names(const NodePtr& folder, NameChange change) {
  apply_to(folder->names, change);
  folder->name_changes.push_back({.number = ++last_number_, .change = std::move(change)});
}

void Disk::change_data(const NodePtr& node, DataChange change) {
  node->data.push_back({.number = ++last_number_, .change = std::move(change)});
}

void Disk::end_sync(const TraceRecord& record) {
  const auto sync = syncs_.find({record.process, record.thread});
  if (sync == syncs_.end()) throw std::runtime_error("the trace ends a sync that did not begin");
  make_durable(*sync->second.node, sync->second.up_to);
  syncs_.erase(sync);
}

void Disk::end_sync_of_all(const TraceRecord& record) {
  const auto sync = syncs_.find({record.process, record.thread});
  if (sync == syncs_.end()) throw std::runtime_error("the trace ends a sync that did not begin");
  for (const NodePtr& node : all_nodes()) make_durable(*node, sync->second.up_to);
  syncs_.erase(sync);
}

/// Those that no name leads to any more as well: a power cut may bring their name back. Some may come twice.
std::vector<Disk::NodePtr> Disk::all_nodes() const {
  std::vector<NodePtr> nodes = {root_};
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const NodePtr node = nodes[i];
    for (const Names* names : {&node->names, &node->durable_names}) {
      for (const auto& [name, child] : *names) nodes.push_back(child);
    }
  }
  for (const auto& node : made_) {
    if (auto alive = node.lock(); alive != nullptr) nodes.push_back(std::move(alive));
  }
  return nodes;
}

void Disk::fail_sync(Node& node) {
  for (auto& pending : node.data) pending.doomed = true;
  for (auto& pending : node.name_changes) pending.doomed = true;
}

void Disk::make_durable(Node& node, std::uint64_t up_to) {
  const auto covered = [up_to](const auto& pending) { return pending.number <= up_to && !pending.doomed; };
  for (const auto& pending : node.data) {
    if (covered(pending)) apply_to(node.durable, pending.change);
  }
  for (const auto& pending : node.name_changes) {
    if (covered(pending)) apply_to(node.durable_names, pending.change);
  }
  std::erase_if(node.data, covered);
  std::erase_if(node.name_changes, covered);
}

void Disk::apply_to(Bytes& content, const DataChange& change) {
  if (change.size) return content.resize(*change.size);
  const std::uint64_t end = change.size_at_least.value_or(change.offset + change.bytes.size());
  if (content.size() < end) content.resize(end);
  std::ranges::copy(change.bytes, content.begin() + static_cast<std::ptrdiff_t>(change.offset));
}

void Disk::apply_to(Names& names, const NameChange& change) {
  for (const auto& [name, node] : change) {
    names.erase(name);
    if (node != nullptr) names.emplace(name, node);
  }
}

void Disk::write(const std::string& folder, Survival survival, Seed seed) const {
  Choice choice(survival, seed);
  const auto look = [&choice](const Node& node, const auto& self) -> void {
    if (!node.data.empty() && node.data.back().number > choice.last_write) {
      choice.last_write = node.data.back().number;
      choice.last_file = &node;
    }
    for (const auto& [name, child] : node.names) self(*child, self);
  };
  look(*root_, look);
  write_node(*root_, folder, choice);
}

void Disk::write_node(const Node& node, const std::string& path, Choice& choice) {
  if (!node.is_folder) {
    Bytes content = node.durable;
    for (const auto& pending : node.data) {
      for (const DataChange& change : choice.surviving(node, pending)) apply_to(content, change);
    }
    return write_file(path, content);
  }
  std::filesystem::create_directory(path);
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  Names names = node.durable_names;
  for (const auto& pending : node.name_changes) {
    if (choice.keeps_names()) apply_to(names, pending.change);
  }
  for (const auto& [name, child] : names) write_node(*child, path + "/" + name, choice);
}

std::vector<std::string> Disk::uncertain() const {
  std::vector<std::string> paths;
  const auto look = [&paths](const Node& node, const std::string& path, const auto& self) -> void {
    if (!node.data.empty()) paths.push_back(path);
    for (const auto& pending : node.name_changes) {
      for (const auto& [name, child] : pending.change) paths.push_back(path.empty() ? name : path + "/" + name);
    }
    for (const auto& [name, child] : node.names) self(*child, path.empty() ? name : path + "/" + name, self);
  };
  look(*root_, "", look);
  return paths;
}

std::optional<Bytes> Disk::durable(const std::string& path) const {
  NodePtr node = root_;
  for (const auto& part : std::filesystem::path(path)) {
    // A name that a pending change could put elsewhere or take away is not certain, but what it leads to now may be.
    const auto found = node->durable_names.find(part);
    if (found == node->durable_names.end()) return std::nullopt;
    node = found->second;
  }
  return node->durable;
}

}  // namespace signet::test
