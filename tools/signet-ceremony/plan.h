// The ceremony file: everything that is decided before the people enter the room.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "token/key_generation.h"
#include "x509/name.h"

namespace signet::ceremony {

/// A key that is made on a token.
struct KeyPlan {
  std::string token;                    ///< label
  std::optional<std::string> pin_file;  ///< absent: asked for on the terminal
  NewKey key;                           ///< signature_of() it is what it signs with, and fits its type
};

/// [root] or [issuing].
struct CaPlan : KeyPlan {
  Name subject;  ///< not empty
  std::chrono::seconds validity{0};
  std::string certificate;                   ///< file name inside the output folder
  std::optional<std::uint64_t> path_length;  ///< none for the root
};

/// [log_key]: the key that signs the audit log's checkpoints.
struct LogKeyPlan : KeyPlan {
  std::string origin;        ///< of the log; the key's name in signed notes
  std::string public_key;    ///< file name inside the output folder: PEM, SubjectPublicKeyInfo
  std::string verifier_key;  ///< the same: verifier key string (C2SP signed-note)
};

/// One [[end_entity]]: a certificate for a key that was made elsewhere.
struct EndEntityPlan {
  std::string name;  ///< for messages and the transcript
  std::string csr;   ///< path
  Name subject;      ///< may be empty where there are alternative names
  AltNames names;
  std::vector<std::string> extended_key_usage;  ///< dotted OIDs, at least one
  std::chrono::seconds validity{0};
  std::string certificate;  ///< file name inside the output folder
};

/// The whole file. Names, durations and file names are legal; validity nests; nothing was opened yet. Paths are
/// absolute or relative to the working directory.
struct Plan {
  std::string title;
  std::string output;
  std::string hsm_profile;
  std::map<std::string, std::string> environment;
  bool allow_untested = false;
  std::string init_arguments;
  CaPlan root;
  CaPlan issuing;
  std::optional<LogKeyPlan> log_key;
  std::vector<EndEntityPlan> end_entities;
  Sha256 sha256{};  ///< of the file's text

  /// Every key that is going to be made, in order. Valid as long as the plan is.
  [[nodiscard]] std::vector<const KeyPlan*> keys() const {
    std::vector<const KeyPlan*> all{&root, &issuing};
    if (log_key) all.push_back(&*log_key);
    return all;
  }
};

/// The file in the output folder that tells what was done.
inline constexpr std::string_view kTranscriptName = "transcript.jsonl";

/// Errors: kInvalidArgument with one line per mistake, "file:line:column: key: what is wrong and what was expected".
[[nodiscard]] Result<Plan> parse_plan(ByteView text, const std::string& file);
/// As above, from a file that nobody else may write.
[[nodiscard]] Result<Plan> load_plan(const std::string& path);

/// "ec-p384", "rsa-3072": as the file and messages write it.
[[nodiscard]] std::string key_type_text(const NewKey& key);

}  // namespace signet::ceremony
