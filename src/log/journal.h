// The keyholder's journal: what it signed, written down by itself before it signed. docs/log-format.md has the format.
//
// A file of records of 128 bytes, integers big-endian:
//     0   1  kind (JournalKind)
//     1   7  zero
//     8   8  time, microseconds since 1970
//    16  32  SHA-256 of the key's DER SubjectPublicKeyInfo; zeros for kStart
//    48  32  SHA-256 of the structure as it was signed; zeros for kStart, and of a repeat for "none was signed"
//    80   8  of a checkpoint the tree's size; otherwise zero
//    88  32  of a checkpoint the tree's root; of what has a number (JournalNumber) 12 zeros and the number; zeros
//            otherwise, and of certificates that an older version noted
//   120   8  the first 8 bytes of SHA-256 of the record before (128 zeros before the first) and of this one's first 120
//            bytes, one after the other
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "log/file_ops.h"

namespace signet::log {

inline constexpr std::size_t kJournalRecordBytes = 128;
/// Never more than this is written and not yet synced: how far in front of the end damage may begin to be taken for the
/// rest of writes that a power cut interrupted.
inline constexpr std::size_t kMaxUnsyncedBytes = std::size_t{64} * 1024;
/// After so many records the journal repeats what it remembers, so that no start reads further back for it: 8 MiB,
/// which take a tenth of a second.
inline constexpr std::uint64_t kRepeatEvery = 65'536;

enum class JournalKind : std::uint8_t {
  kStart = 1,  ///< a keyholder opened the journal: what the one before wrote in its last second may be missing
  kEndEntityCertificate = 2,
  kLogCheckpoint = 3,
  kCaCertificate = 4,
  kCrl = 5,
  kOcspResponse = 6,
  kLastCheckpoint = 7,  ///< a repeat: what the key's last kLogCheckpoint in front of this record says, or that none is
  kLastCrl = 8,         ///< likewise, of its last kCrl
};

[[nodiscard]] constexpr bool is_certificate(JournalKind kind) noexcept {
  return kind == JournalKind::kEndEntityCertificate || kind == JournalKind::kCaCertificate;
}

/// Of a key, the last one is remembered.
[[nodiscard]] constexpr bool is_remembered(JournalKind kind) noexcept {
  return kind == JournalKind::kLogCheckpoint || kind == JournalKind::kCrl;
}

/// Says again what stands further in front. Nothing was signed for it.
[[nodiscard]] constexpr bool is_repeat(JournalKind kind) noexcept {
  return kind == JournalKind::kLastCheckpoint || kind == JournalKind::kLastCrl;
}

/// Of a repeat the kind of what it repeats; others are their own.
[[nodiscard]] constexpr JournalKind signed_kind(JournalKind kind) noexcept {
  if (kind == JournalKind::kLastCheckpoint) return JournalKind::kLogCheckpoint;
  return kind == JournalKind::kLastCrl ? JournalKind::kCrl : kind;
}

/// A serial number of certificates or the number of a CRL: at most 20 octets (RFC 5280 sections 4.1.2.2 and 5.2.3),
/// big-endian, zeros in front.
using JournalNumber = std::array<std::uint8_t, 20>;

struct JournalRecord {
  JournalKind kind = JournalKind::kStart;
  Time time{};
  Sha256 key{};
  Sha256 structure{};
  std::uint64_t size = 0;
  Sha256 root{};
  JournalNumber number{};  ///< kCrl; of a certificate its serial number, zeros where an older version wrote the record
  friend bool operator==(const JournalRecord&, const JournalRecord&) = default;
};

/// What is remembered of a key: the last structure that it signed of a kind that is_remembered().
struct LastOf {
  Sha256 key{};
  JournalKind kind = JournalKind::kLogCheckpoint;
  friend auto operator<=>(const LastOf&, const LastOf&) = default;
};

/// What is looked for in a journal that is opened.
struct JournalSearch {
  /// Read back as far as it takes: to the newest record of each, which is a repeat unless that key was never looked for
  /// or not for long.
  std::vector<LastOf> last = {};
  std::uint64_t certificates_in = 0;  ///< the certificates among so many records before the end
  /// Is told how many records were read, and how many there are, after each 2^18: a third of a second or so.
  std::function<void(std::uint64_t read, std::uint64_t records)> progress = {};
};

/// What a key signed last of the log.
struct TreeHead {
  std::uint64_t size = 0;
  Sha256 root{};
  friend bool operator==(const TreeHead&, const TreeHead&) = default;
};

/// Writes the journal. Thread-safe. After a write or a sync has failed nothing more is taken: the keyholder leaves.
class Journal {
 public:
  /// Opens or makes (0600) the file, locked against another process. What follows the last record whose chain is right
  /// is cut if it began within kMaxUnsyncedBytes of the end, and kept beside as `path`.torn-<offset>-<hash>. Looks
  /// backwards as far as `search` asks, then appends a kStart record, and behind it those checkpoints and CRLs of the
  /// parts that were cut, by this start or earlier ones, whose own chain is right and that are newer than what the
  /// journal has of their key, and a repeat for each of `search.last` and of these keys, and syncs. A crash on the way
  /// forgets nothing: the next one does it again.
  /// `clock` and `ops` must outlive the journal. Errors: kFailedPrecondition (locked elsewhere); kDataLoss when a
  /// record that was read does not fit its chain: nothing is changed then.
  [[nodiscard]] static Result<std::unique_ptr<Journal>> open(const std::string& path, const JournalSearch& search,
                                                             const Clock& clock, FileOps& ops = system_file_ops());
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// The last checkpoint this key signed.
  [[nodiscard]] std::optional<TreeHead> last_checkpoint(const Sha256& key) const;
  /// The number of the last CRL this key signed.
  [[nodiscard]] std::optional<JournalNumber> last_crl_number(const Sha256& key) const;
  /// The certificates that open() was asked to look for, newest first, with a serial number each. They are given once.
  [[nodiscard]] std::vector<JournalRecord> take_certificates() noexcept;

  /// Notes that a structure is about to be signed, now. A checkpoint is durable when this returns and is what
  /// last_checkpoint() says from then on; other records are durable after the next sync(), or by themselves once enough
  /// of them wait. After kRepeatEvery records repeats are appended, too. `head` is given for kLogCheckpoint, and for
  /// nothing else: otherwise kInvalidArgument, and the journal goes on. CRLs are appended with their number.
  [[nodiscard]] Result<void> append(JournalKind kind, const Sha256& key, const Sha256& structure,
                                    std::optional<TreeHead> head = {});
  /// As above, of a certificate with its serial number, or of a CRL, which is durable when this returns and is what
  /// last_crl_number() says from then on. Other kinds: kInvalidArgument.
  [[nodiscard]] Result<void> append_numbered(JournalKind kind, const Sha256& key, const Sha256& structure,
                                             const JournalNumber& number);
  /// Makes everything appended durable; does nothing where there is nothing new. To be called once a second.
  [[nodiscard]] Result<void> sync();

 private:
  struct Impl;
  explicit Journal(std::unique_ptr<Impl> impl);
  [[nodiscard]] Result<void> note(JournalRecord record);
  [[nodiscard]] Result<void> repeat_all();
  std::unique_ptr<Impl> impl_;
};

struct JournalEnd {
  std::uint64_t records = 0;
  /// Behind the last record whose chain is right: what a write left unfinished. In the copy of a running keyholder's
  /// journal less than a record, after a power cut at most kMaxUnsyncedBytes.
  std::uint64_t rest_bytes = 0;
};

/// Hands every record of a journal (or of a copy) to `use`, in order with its number from 0 on; its first error ends
/// the reading and is returned. Errors of its own: kInternal (cannot be read), kDataLoss naming the record whose chain
/// is wrong with more than kMaxUnsyncedBytes from its beginning to the end, or that has a form nobody writes.
[[nodiscard]] Result<JournalEnd> read_journal(
    const std::string& path, const std::function<Result<void>(std::uint64_t, const JournalRecord&)>& use);

}  // namespace signet::log
