#include "keyholder/memory.h"

#include <fmt/format.h>

#include <vector>

namespace signet {
namespace {

Result<std::unique_ptr<log::Journal>> open_journal(const std::string& directory, const OpenToken& token,
                                                   const Clock& clock) {
  SIGNET_CHECK(make_directory(directory_of(directory), 0700));
  SIGNET_CHECK(make_directory(directory, 0700));
  std::vector<Sha256> log_keys;
  for (const auto& [name, key] : token.keys) {
    if (!key.origin.empty()) log_keys.push_back(key.spki_sha256);
  }
  return log::Journal::open(directory + "/journal", log_keys, clock);
}

}  // namespace

Result<std::unique_ptr<Memory>> Memory::open(const std::string& state_directory, const OpenToken& token,
                                             const Clock& clock) {
  const std::string directory = fmt::format("{}/keyholder-{}", state_directory, token.name);
  auto journal = open_journal(directory, token, clock);
  if (journal.has_value()) return std::unique_ptr<Memory>(new Memory(*std::move(journal)));
  Error error = std::move(journal).error();
  error.message = fmt::format("token.{}: the keyholder's journal: {}", token.name, error.message);
  error.field = "state.directory";
  return std::unexpected(std::move(error));
}

std::optional<log::TreeHead> Memory::last_checkpoint(const HeldKey& key) const {
  return journal_->last_checkpoint(key.spki_sha256);
}

Result<void> Memory::note(const HeldKey& key, log::JournalKind kind, ByteView structure,
                          std::optional<log::TreeHead> head) {
  return watch(journal_->append(kind, key.spki_sha256, sha256(structure), head));
}

Result<void> Memory::sync() { return watch(journal_->sync()); }

/// The request may succeed once the process was started again, with another descriptor of the file.
Result<void> Memory::watch(Result<void> done) {
  if (done.has_value()) return done;
  Error error = std::move(done).error();
  error.code = ErrorCode::kUnavailable;
  error.message = "the keyholder cannot note what it is about to sign, so it signs nothing: " + error.message;
  error.retryable = true;
  error.retry_after = std::chrono::seconds(1);
  const std::scoped_lock lock(health_mutex_);
  if (health_.has_value()) health_ = std::unexpected(error);
  return std::unexpected(std::move(error));
}

Result<void> Memory::health() const {
  const std::scoped_lock lock(health_mutex_);
  return health_;
}

}  // namespace signet
