// Verifies an audit log from its folder, or a copy of it, and public keys. Nothing else is needed: no network, no
// daemon, no database. docs/audit.md says what each finding means.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "signet/result.h"

namespace signet::audit {

struct VerifyOptions {
  std::string directory;  ///< the log's folder
  /// A verifier key `<name>+<key id>+<base64>`, or a file with one or with a PEM public key. Empty: the key that the
  /// log's own first entry names, which proves nothing about who made the log.
  std::string log_key;
  std::vector<std::string> issuers;    ///< files with certificates of issuing CAs, PEM or DER
  std::string since;                   ///< file with a checkpoint seen earlier
  std::vector<std::string> witnesses;  ///< verifier keys of type cosignature/v1
  std::vector<std::string> journals;   ///< of the keyholders
  std::string predecessor_key;         ///< verifier key of the log that this one goes on from
  unsigned threads = 0;                ///< that check; 0 = one for each processor
  std::size_t findings_per_kind = 20;  ///< reported; the rest of a kind is only counted
};

enum class Severity : std::uint8_t {
  kFinding,  ///< the log is not as it must be
  kNote,     ///< what a reader of the result should know
};

struct Finding {
  Severity severity = Severity::kFinding;
  std::string id;                    ///< stable, such as "entry-not-canonical"
  std::string place;                 ///< "entry 17", "tile/0/000", "checkpoints, byte 512", "journal, record 3"
  std::optional<std::uint64_t> seq;  ///< the place in the log of the entry concerned, where it is one
  std::string message;               ///< one line, what was expected and what was found, safe to print
};

struct Progress {
  std::uint64_t bytes = 0;  ///< of the entries that were checked
  std::uint64_t total_bytes = 0;
  std::uint64_t entries = 0;
};

/// Hears what verify() finds while it finds it. Called by the thread that called verify().
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void found(const Finding& finding) = 0;
  virtual void progress(const Progress& progress) = 0;
};

/// How far the log cannot have been rolled back or cut without being found out.
struct Anchor {
  std::uint64_t size = 0;  ///< so many first entries are the ones that were there then
  std::string by;          ///< "checkpoint given with --since", "journal", "cosignature of witness.example at ..."
};

struct Summary {
  std::uint64_t entries = 0;
  std::uint64_t intents = 0;
  std::uint64_t open_intents = 0;           ///< without an outcome at the end
  std::uint64_t certificates = 0;           ///< issued
  std::uint64_t certificates_rebuilt = 0;   ///< from TBS and signature, with the hash that the log says
  std::uint64_t certificates_verified = 0;  ///< by their issuers' keys
  bool issuers_given = false;               ///< without them no signature of a certificate was checked
  std::uint64_t checkpoints = 0;            ///< in the file
  std::uint64_t checkpoints_verified = 0;   ///< signed by the log's key and with the root the entries make
  std::uint64_t covered = 0;                ///< entries under the newest verified checkpoint
  std::uint64_t tiles = 0;                  ///< tiles and bundles that were compared
  std::uint64_t journal_records = 0;
  std::string first_time;  ///< RFC 3339; empty without entries
  std::string last_time;
  std::string origin;                           ///< of the log
  std::string log_key;                          ///< name and key id; empty when there was none to check with
  bool log_key_given = false;                   ///< not taken from the log itself
  std::string newest_cosignature;               ///< witness, time and size; empty without one
  std::optional<Anchor> anchor;                 ///< none: "rollback not excluded"
  std::map<std::string, std::uint64_t> counts;  ///< findings of each id, those not reported included
  [[nodiscard]] bool clean() const noexcept { return counts.empty(); }
};

/// Reads the entries once, checks everything that docs/audit.md lists, and reports what it finds. The folder may have
/// been written by an attacker, and may grow meanwhile. Memory does not grow with the log but for a few bits for each
/// entry. Errors: kInvalidArgument (an option or a file it names; `field` says which), kNotFound, kPermissionDenied,
/// kInternal (the entries or a given file cannot be read). A log that is wrong is no error: Summary::clean() tells.
[[nodiscard]] Result<Summary> verify(const VerifyOptions& options, Listener& listener);

/// The proof (C2SP tlog-proof) that the entry `index` is in the tree of the folder's newest checkpoint, with the entry
/// as extra data. The hashes are checked against that checkpoint; its signature is not. Errors: kNotFound,
/// kInvalidArgument (field "index": not covered), kDataLoss (folder damaged).
[[nodiscard]] Result<std::vector<std::uint8_t>> prove(const std::string& directory, std::uint64_t index);

/// The index of the entry `issued` of a certificate, PEM or DER in `file`. Errors: kNotFound with the field
/// "certificate_sha256" when the log has none; field "certificate" when the file is none; otherwise the log cannot be
/// read.
[[nodiscard]] Result<std::uint64_t> find_certificate(const std::string& directory, const std::string& file);

struct ProofOptions {
  std::string proof;                   ///< file
  std::string log_key;                 ///< as VerifyOptions; must be given
  std::vector<std::string> witnesses;  ///< each of them must have cosigned
  std::string certificate;             ///< file; the entry must be the one that issued it. Empty: any entry will do
};

struct ProvenEntry {
  std::uint64_t index = 0;
  std::string entry;  ///< canonical JSON
  std::string type;
  std::string time;
  std::string origin;
  std::uint64_t tree_size = 0;
  std::vector<std::string> signers;  ///< key names and ids, witnesses with their times
};

/// Checks a proof from the file alone. Errors: field "proof" for a proof that does not hold; "file", "log-key",
/// "witness" and "certificate" for what was given and cannot be used.
[[nodiscard]] Result<ProvenEntry> check_proof(const ProofOptions& options);

}  // namespace signet::audit
