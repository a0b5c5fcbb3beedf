#include "issuer/refusal_log.h"

#include <fmt/format.h>

#include "base/ops_log.h"

namespace signet {

namespace {

constexpr std::chrono::milliseconds kBetweenFlushes{500};

/// The address is not part of it: who changes the port, or comes from many hosts, is still the same. A client of the
/// policy is one, however many certificates it has; somebody else is his certificate.
RepeatKey key_of(const log::RejectedFields& fields) {
  const log::Who& who = fields.cause.who;
  return {.owner = who.client.empty() ? who.certificate_sha256 : "client " + who.client,
          .kind = fmt::format("{}\n{}", fields.code, fields.field)};
}

RepeatKey key_of(const log::AccessFields& fields) { return {.owner = fields.reason, .kind = fields.reason}; }

}  // namespace

RefusalLog::RefusalLog(log::EntryLog& log, const Clock& clock)
    : log_(log), rejections_(clock), accesses_(clock), thread_([this] { flush_from_time_to_time(); }) {}

RefusalLog::~RefusalLog() { finish(); }

void RefusalLog::rejected(log::RejectedFields fields) {
  std::unique_lock lock(mutex_);
  RepeatKey key = key_of(fields);
  auto due = rejections_.add(std::move(key), std::move(fields));
  lock.unlock();
  if (due.has_value()) record(*std::move(due));
}

void RefusalLog::access(log::AccessFields fields) {
  std::unique_lock lock(mutex_);
  const std::uint64_t count = fields.count;  // the front folds as well: a report may stand for several
  RepeatKey key = key_of(fields);
  auto due = accesses_.add(std::move(key), std::move(fields), count);
  lock.unlock();
  if (due.has_value()) record(*std::move(due));
}

void RefusalLog::flush_from_time_to_time() {
  std::unique_lock lock(mutex_);
  while (!finishing_) {
    finishing_changed_.wait_for(lock, kBetweenFlushes);
    const auto rejections = rejections_.flush();
    const auto accesses = accesses_.flush();
    lock.unlock();
    record_all(rejections, accesses);
    lock.lock();
  }
  const auto rejections = rejections_.flush_all();
  const auto accesses = accesses_.flush_all();
  lock.unlock();
  record_all(rejections, accesses);
}

void RefusalLog::record_all(const std::vector<RepeatFold<log::RejectedFields>::Due>& rejections,
                            const std::vector<RepeatFold<log::AccessFields>::Due>& accesses) {
  for (const auto& due : rejections) record(due);
  for (const auto& due : accesses) record(due);
}

void RefusalLog::finish() {
  {
    const std::scoped_lock lock(mutex_);
    finishing_ = true;
  }
  finishing_changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void RefusalLog::record(RepeatFold<log::RejectedFields>::Due due) {
  log::RejectedFields fields = due.event;
  fields.count = due.count;
  if (due.key.mixed) fields.text = "of several clients or kinds; the last one: " + fields.text;
  if (!append(log::rejected_draft(fields), due.count)) {
    const std::scoped_lock lock(mutex_);
    return rejections_.put_back(std::move(due));
  }
  ops::info("request refused", {{"request", fields.cause.request},
                                {"client", fields.cause.who.client},
                                {"address", fields.cause.who.address},
                                {"code", fields.code},
                                {"field", fields.field},
                                {"count", std::to_string(fields.count)},
                                {"reason", fields.text}});
}

void RefusalLog::record(RepeatFold<log::AccessFields>::Due due) {
  log::AccessFields fields = due.event;
  fields.count = due.count;
  if (due.key.mixed) fields.text = "of several kinds; the last one: " + fields.text;
  if (append(log::access_draft(fields), due.count)) return;
  const std::scoped_lock lock(mutex_);
  accesses_.put_back(std::move(due));
}

/// False when it may be tried again. What fails for good has failed the log as well.
bool RefusalLog::append(log::Draft draft, std::uint64_t count) {
  const auto logged = log_.append(std::move(draft));
  if (logged.has_value()) return true;
  ops::error("refusals could not be logged", {{"count", std::to_string(count)}, {"reason", logged.error().message}});
  return !logged.error().retryable;
}

}  // namespace signet
