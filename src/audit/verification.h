// One run of verify(). docs/audit.md lists what is checked.
#pragma once

#include <memory>
#include <set>

#include "audit/block_check.h"
#include "audit/certificates.h"
#include "audit/checkpoints.h"
#include "audit/inputs.h"
#include "audit/intents.h"
#include "audit/journal_check.h"
#include "audit/order.h"
#include "audit/serials.h"
#include "audit/tree.h"
#include "audit/work_pool.h"

namespace signet::audit {

/// Everything that was opened before the reading begins.
struct Sources {
  Keys keys;
  bool key_given = false;
  std::optional<log::GenesisFields> genesis;
  std::vector<Certificate> issuers;
  std::optional<log::Note> since;
  std::optional<log::NoteVerifier> predecessor_key;
};

/// Errors: what is wrong with an option or a file it names.
[[nodiscard]] Result<Sources> load_sources(const VerifyOptions& options);

/// What the first entry says about the log's key and the log before, compared with what was given.
void check_genesis(const log::GenesisFields& genesis, const Sources& sources, Reporter& reporter);

class Verification {
 public:
  [[nodiscard]] static Result<Summary> run(const VerifyOptions& options, Listener& listener);
  ~Verification();
  Verification(const Verification&) = delete;
  Verification& operator=(const Verification&) = delete;

 private:
  Verification(const VerifyOptions& options, Listener& listener, Sources sources, std::unique_ptr<WorkPool> pool,
               JournalCheck journal);

  /// A checkpoint that does not come from the stream.
  struct Fixed {
    CheckedCheckpoint checkpoint;
    std::string_view root_id;   ///< what another root is called
    std::string_view short_id;  ///< what a log that does not reach so far is called
    bool done = false;
  };

  Result<void> open();
  Result<void> read_newest();
  Result<void> read_entries();
  Result<void> take_block(CheckedBlock& checked);
  Result<bool> is_torn_at(std::uint64_t offset);
  Result<std::size_t> whole_entries(const CheckedBlock& checked);
  Result<void> take_entry(EntryFacts& facts, std::uint64_t entry);
  void note_uncovered(const CheckedBlock& checked, std::size_t count);
  Result<void> take_outcome(EntryFacts& facts, std::uint64_t entry);
  void queue_certificate(CertificateJob job);
  void submit_certificates();
  void collect_certificates();

  Result<void> check_roots();
  Result<void> take_checkpoint(const CheckedCheckpoint& checkpoint);
  void note_kept(const CheckedCheckpoint& checkpoint);
  Result<void> take_heads(std::uint64_t up_to);
  Result<void> compare_with_journal(const CheckedCheckpoint& checkpoint);
  bool has_right_root(const CheckedCheckpoint& checkpoint, std::string_view id);
  void anchor(std::uint64_t size, std::string by);

  Result<void> finish();
  Result<void> check_tail();
  Result<void> check_beyond_end();
  void check_rest_of_checkpoints();
  void check_kept();
  void check_open_intents();
  void check_covered();
  Result<void> check_serials();
  void check_candidate(const SerialKey& key, std::uint64_t entry, const std::string& serial);
  void summarize();
  void note_what_was_not_checked();

  const VerifyOptions& options_;
  Listener& listener_;
  Reporter reporter_;
  Sources sources_;
  std::unique_ptr<WorkPool> pool_;
  JournalCheck journal_;
  Sha256 secret_{};

  std::optional<EntryFile> file_;
  std::optional<DerivedFiles> derived_;
  std::optional<CheckpointStream> stream_;
  std::optional<Tree> tree_;
  std::optional<Serials> serials_;
  std::vector<Fixed> fixed_;
  std::optional<CheckedCheckpoint> newest_;  // the file `checkpoint`
  std::uint64_t published_ = 0;              // its size

  Order order_;
  Intents intents_;
  std::optional<CertificateCheck> certificates_;
  std::vector<CertificateJob> jobs_;
  std::optional<Pipeline<CertificateResult>> certificate_results_;

  std::uint64_t entries_ = 0;
  std::uint64_t end_ = 0;                     // where the entries end
  std::optional<std::uint64_t> content_end_;  // behind the last byte of the file that is not zero
  bool torn_ = false;                         // what follows is the rest of a write
  std::uint64_t last_size_ = 0;               // of a checkpoint in the stream
  bool newest_kept_ = false;
  std::uint64_t kept_behind_newest_ = 0;
  std::optional<std::uint64_t> first_head_;
  std::uint64_t last_head_ = 0;
  std::optional<std::int64_t> uncovered_time_;  // of the last entry behind the newest checkpoint; microseconds
  std::chrono::microseconds uncovered_for_{};   // since the first of them, while a daemon ran
  std::set<std::string> cosigners_;             // as describe() names them
  std::chrono::sys_seconds cosigned_at_{};
  std::uint64_t cosigned_size_ = 0;
  Summary summary_;
};

}  // namespace signet::audit
