#include "issuer/refusal_log.h"

#include <fmt/format.h>

#include "base/ops_log.h"

namespace signet {

namespace {

constexpr std::chrono::milliseconds kBetweenFlushes{500};

/// The address is not part of it: who changes the port, or comes from many hosts, is still the same.
std::string key_of(const log::RejectedFields& fields) {
  return fmt::format("{}\n{}\n{}\n{}", fields.cause.who.client, fields.cause.who.certificate_sha256, fields.code,
                     fields.field);
}

}  // namespace

RefusalLog::RefusalLog(log::EntryLog& log, const Clock& clock)
    : log_(log), rejections_(clock), accesses_(clock), thread_([this] { flush_from_time_to_time(); }) {}

RefusalLog::~RefusalLog() { finish(); }

void RefusalLog::rejected(log::RejectedFields fields) {
  std::unique_lock lock(mutex_);
  const std::string key = key_of(fields);
  auto due = rejections_.add(key, std::move(fields));
  lock.unlock();
  if (due.has_value()) record(*std::move(due));
}

void RefusalLog::access(log::AccessFields fields) {
  std::unique_lock lock(mutex_);
  const std::uint64_t count = fields.count;  // the front folds as well: a report may stand for several
  const std::string key = fields.reason;
  auto due = accesses_.add(key, std::move(fields), count);
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
  record_all(rejections_.flush_all(), accesses_.flush_all());
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
  log::RejectedFields& fields = due.event;
  fields.count = due.count;
  if (due.mixed) fields.text = "of several clients or kinds; the last one: " + fields.text;
  ops::info("request refused", {{"request", fields.cause.request},
                                {"client", fields.cause.who.client},
                                {"address", fields.cause.who.address},
                                {"code", fields.code},
                                {"field", fields.field},
                                {"count", std::to_string(fields.count)},
                                {"reason", fields.text}});
  append(log::rejected_draft(fields));
}

void RefusalLog::record(RepeatFold<log::AccessFields>::Due due) {
  due.event.count = due.count;
  if (due.mixed) due.event.text = "of several kinds; the last one: " + due.event.text;
  append(log::access_draft(due.event));
}

void RefusalLog::append(log::Draft draft) {
  if (const auto logged = log_.append(std::move(draft)); !logged.has_value()) {
    ops::error("a refusal could not be logged", {{"reason", logged.error().message}});
  }
}

}  // namespace signet
