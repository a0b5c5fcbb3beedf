// The store: what the log says, in a form that can be searched. The log is what is durable; the store catches up from
// it and may be deleted at any time while the daemon is down. A log that was sealed and the one that succeeds it are in
// one store: serial numbers and idempotency keys go on across them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "log/entry_log.h"
#include "log/file_ops.h"
#include "x509/serial_number.h"

namespace signet {

/// A certificate that was issued.
struct Issued {
  CertificateDer certificate;
  SerialNumber serial;
  std::string issuer;                  ///< its name in the configuration
  std::uint64_t log_index = 0;         ///< of the entry `issued`
  std::uint64_t intent_log_index = 0;  ///< of the entry `intent`, in the same log
  std::string log_origin = {};         ///< which log; empty = the present one
  Time not_after{};
};

/// A certificate that was issued, as far as it matters for renewing it.
struct IssuedRecord {
  std::string issuer;   ///< its name in the configuration
  std::string profile;  ///< by which it was made
  bool revoked = false;
};

/// What was answered to a request that had an idempotency key.
struct IdempotentAnswer {
  Sha256 payload_sha256{};
  Issued issued;
};

/// A log the store has seen entries of.
struct StoredLog {
  std::string origin;
  std::string log_key;         ///< verifier key string
  Sha256 genesis_leaf_hash{};  ///< leaf_hash of its first entry: no other log has it
  std::uint64_t next_seq = 0;  ///< the seq of its first entry that has not been applied; at least 1
  Sha256 last_leaf_hash{};     ///< of the last one that has
  bool sealed = false;         ///< that was `sealed`: it is complete
};

/// What the daemon ran with last, as the log says.
struct KnownSettings {
  Sha256 config_sha256{};
  Sha256 policy_sha256{};
  Sha256 blocked_keys_sha256{};  ///< of an empty file where there is no list
};

/// An intent without an outcome.
struct OpenIntent {
  std::uint64_t log_index = 0;  ///< in the present log: one that is sealed has none
  std::string issuer;
  SerialNumber serial;
  std::string client;
  std::string request;  ///< the request id, empty if the entry has none
};

/// What the store wants of its disk.
struct StoreLimits {
  std::uint64_t min_free_bytes = 0;  ///< check_room() complains below that
  /// Kept in the file NAME.reserve for what must be written when the disk is full; 0 = nothing. SQLite's write-ahead
  /// log grows to 4 MiB before it is written over, and the tables need room as well.
  std::uint64_t reserve_bytes = std::uint64_t{8} * 1024 * 1024;
};

/// SQLite in WAL mode, in one file that no other process can open at the same time.
/// Threads: every method may be called from any thread; calls take turns.
class Store : public log::Observer {
 public:
  /// Opens `path`, made (0600) if it is not there, and makes or checks its schema. Errors: kFailedPrecondition when
  /// another process has it, or when it was written by another version (delete it: it is rebuilt from the log);
  /// kDataLoss when it is not a database. `ops` (of which the reserve is made) outlives it.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(const std::string& path, StoreLimits limits = {},
                                                           log::FileOps& ops = log::system_file_ops());
  ~Store() override;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// In the order of their succession; the last is the present one.
  [[nodiscard]] Result<std::vector<StoredLog>> logs() const;
  /// Of the present log: the seq of its first entry that has not been applied. 0 while there is no log.
  [[nodiscard]] std::uint64_t next_seq() const;
  /// Nothing while there is no log.
  [[nodiscard]] Result<std::optional<KnownSettings>> settings() const;

  /// Applies entries of the present log in one transaction: all of them or none. Those below next_seq() are passed
  /// over, so the same entries may come twice. Where the present log is sealed, or there is none, a `genesis` at place
  /// 0 begins the next one. Types it reads: `genesis`, `config`, `sealed`, `intent`, `issued`, `rejected` and
  /// `orphaned`. Errors: kInternal for a gap before the first new entry or a failure of SQLite; kDataLoss when an entry
  /// contradicts those before it (a serial twice, an outcome of an intent that is not open, a certificate that has
  /// another hash than logged, a log that does not begin with `genesis` or is not the successor of the one before it);
  /// kResourceExhausted when the disk is full and the reserve given back.
  [[nodiscard]] Result<void> apply(std::span<const log::Entry> entries) override;

  /// Makes the reserve again where it was given back and there is room. To be called now and then. Error kUnavailable,
  /// retryable, naming the folder: less is free on its file system than the limits say, or too little for the reserve.
  [[nodiscard]] Result<void> check_room();

  /// The first certificate issued to this client under this idempotency key. An intent that was orphaned or rejected
  /// does not count: its key is free again.
  [[nodiscard]] Result<std::optional<IdempotentAnswer>> find_by_idempotency(std::string_view client,
                                                                            ByteView key) const;
  /// Whether an intent that is open, issued or orphaned has this serial.
  [[nodiscard]] Result<bool> serial_exists(const SerialNumber& serial) const;
  [[nodiscard]] Result<std::optional<Issued>> find_by_serial(const SerialNumber& serial) const;
  /// The certificate with this fingerprint, if it was issued: one whose intent was orphaned was not.
  [[nodiscard]] Result<std::optional<IssuedRecord>> find_by_sha256(const Sha256& fingerprint) const;
  /// In log order.
  [[nodiscard]] Result<std::vector<OpenIntent>> open_intents() const;
  /// Certificates issued so far, in all logs.
  [[nodiscard]] std::uint64_t issued_count() const;

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Told now and then how many entries have been applied of how many.
using CatchUpProgress = std::function<void(std::uint64_t done, std::uint64_t of)>;

/// Applies what `store` has not seen of `log`, in bounded batches: the present log, its sealed predecessors (of which
/// there is nothing to apply; they are only compared), or the successor of a sealed one. Call it before
/// log.start(store).
/// Errors: kDataLoss when the store is of another log or knows more than this one has (an older copy of the log was put
/// back): the message says what to do.
[[nodiscard]] Result<void> catch_up(const log::EntryLog& log, Store& store, const CatchUpProgress& progress = {});

}  // namespace signet
