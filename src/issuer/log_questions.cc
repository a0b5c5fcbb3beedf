#include "issuer/log_questions.h"

#include <fmt/format.h>

#include <algorithm>

namespace signet {

namespace {

constexpr std::size_t kMaxEntriesBytes =
    std::size_t{512} * 1024;  // half a frame: there is room for what is around them
constexpr std::uint64_t kMaxEntries = 65'536;
constexpr std::chrono::milliseconds kRetryAfter{1000};

std::string text_from(ByteView bytes) { return std::string(text_of(bytes)); }

}  // namespace

Result<v1::GetLogResponse> LogQuestions::answer(const v1::GetLogRequest& request) const {
  switch (request.question_case()) {
    case v1::GetLogRequest::kCheckpoint: return checkpoint(request.checkpoint());
    case v1::GetLogRequest::kProof: return proof(request.proof());
    case v1::GetLogRequest::kEntries: return entries(request.entries());
    default: break;
  }
  return fail(ErrorCode::kInvalidArgument, "nothing is asked; expected checkpoint, proof or entries", "question");
}

Result<log::Published> LogQuestions::newest() const {
  log::Published newest = publisher_.newest();
  if (newest.size == 0) return fail_retryable(ErrorCode::kUnavailable, "the log has no checkpoint yet", kRetryAfter);
  return newest;
}

Result<void> LogQuestions::check_covered(std::uint64_t index, const log::Published& newest, const char* field) const {
  if (index < newest.size) return {};
  const std::uint64_t size = log_.size();
  if (index < size) {
    return fail_retryable(
        ErrorCode::kUnavailable,
        fmt::format("the newest checkpoint covers {} entries; entry {} waits for the next", newest.size, index),
        kRetryAfter);
  }
  return fail(ErrorCode::kInvalidArgument, fmt::format("there is no entry {}; the log has {}", index, size), field);
}

Result<v1::GetLogResponse> LogQuestions::checkpoint(const v1::CheckpointQuestion& question) const {
  SIGNET_TRY(const log::Published to, newest());
  if (question.old_size() > to.size) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the newest checkpoint covers {} entries, and a checkpoint of {} is older than that: it is "
                            "of another log, or this log is not what it was",
                            to.size, question.old_size()),
                "checkpoint.old_size");
  }
  SIGNET_TRY(const log::Proof proof, publisher_.prove_consistency(question.old_size(), to));
  v1::GetLogResponse response;
  response.set_checkpoint(text_from(to.note));
  for (const Sha256& hash : proof) response.add_consistency(text_from(hash));
  return response;
}

Result<v1::GetLogResponse> LogQuestions::proof(const v1::ProofQuestion& question) const {
  SIGNET_TRY(const log::Published to, newest());
  SIGNET_CHECK(check_covered(question.index(), to, "proof.index"));
  SIGNET_TRY(const Bytes proof, publisher_.prove(question.index()));
  v1::GetLogResponse response;
  response.set_proof(text_from(proof));
  return response;
}

Result<v1::GetLogResponse> LogQuestions::entries(const v1::EntriesQuestion& question) const {
  SIGNET_TRY(const log::Published to, newest());
  SIGNET_CHECK(check_covered(question.first(), to, "entries.first"));
  const std::uint64_t wished = question.count() == 0 ? kMaxEntries : question.count();
  const std::uint64_t count = std::min({wished, kMaxEntries, to.size - question.first()});
  SIGNET_TRY(const std::vector<Bytes> entries, publisher_.entries(question.first(), count, to, kMaxEntriesBytes));
  v1::GetLogResponse response;
  response.set_checkpoint(text_from(to.note));
  for (const Bytes& entry : entries) response.add_entries(text_from(entry));
  return response;
}

}  // namespace signet
