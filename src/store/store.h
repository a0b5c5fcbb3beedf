// The store: what the log says, in a form that can be searched. The log is what is durable; the store catches up from
// it and may be deleted at any time while the daemon is down.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "log/entry_log.h"
#include "x509/serial_number.h"

namespace signet {

/// A certificate that was issued.
struct Issued {
  CertificateDer certificate;
  SerialNumber serial;
  std::string issuer;                  ///< its name in the configuration
  std::uint64_t log_index = 0;         ///< of the entry `issued`
  std::uint64_t intent_log_index = 0;  ///< of the entry `intent`
  Time not_after{};
};

/// What was answered to a request that had an idempotency key.
struct IdempotentAnswer {
  Sha256 payload_sha256{};
  Issued issued;
};

/// An intent without an outcome.
struct OpenIntent {
  std::uint64_t log_index = 0;
  std::string issuer;
  SerialNumber serial;
  std::string client;
  std::string request;  ///< the request id, empty if the entry has none
};

/// SQLite in WAL mode, in one file that no other process can open at the same time.
/// Threads: every method may be called from any thread; calls take turns.
class Store : public log::Observer {
 public:
  /// Opens `path`, made (0600) if it is not there, and makes or checks its schema. Errors: kFailedPrecondition when
  /// another process has it, or when it was written by another version (delete it: it is rebuilt from the log);
  /// kDataLoss when it is not a database.
  [[nodiscard]] static Result<std::unique_ptr<Store>> open(const std::string& path);
  ~Store() override;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// The seq of the first entry that has not been applied.
  [[nodiscard]] std::uint64_t next_seq() const;
  /// leaf_hash of the last entry applied; nothing if next_seq() is 0.
  [[nodiscard]] std::optional<Sha256> last_leaf_hash() const;

  /// Applies entries in one transaction: all of them or none. Those below next_seq() are passed over, so the same
  /// entries may come twice. Types it reads: `intent`, `issued`, `rejected` and `orphaned`. Errors: kInternal for a gap
  /// before the first new entry or a failure of SQLite; kDataLoss when an entry contradicts those before it (a serial
  /// twice, an outcome of an intent that is not open, a certificate that has another hash than logged).
  [[nodiscard]] Result<void> apply(std::span<const log::Entry> entries) override;

  /// The first certificate issued to this client under this idempotency key. An intent that was orphaned or rejected
  /// does not count: its key is free again.
  [[nodiscard]] Result<std::optional<IdempotentAnswer>> find_by_idempotency(std::string_view client,
                                                                            ByteView key) const;
  /// Whether an intent that is open, issued or orphaned has this serial.
  [[nodiscard]] Result<bool> serial_exists(const SerialNumber& serial) const;
  [[nodiscard]] Result<std::optional<Issued>> find_by_serial(const SerialNumber& serial) const;
  /// In log order.
  [[nodiscard]] Result<std::vector<OpenIntent>> open_intents() const;
  /// Certificates issued so far.
  [[nodiscard]] std::uint64_t issued_count() const;

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Applies what `store` has not seen of `log`, in bounded batches. Call it before log.start(store).
/// Errors: kDataLoss when the store is of another log or knows more than this one has (an older copy of the log was put
/// back): the message says what to do.
[[nodiscard]] Result<void> catch_up(const log::EntryLog& log, Store& store);

}  // namespace signet
