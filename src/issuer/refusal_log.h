// What was refused, into the audit log and the operations log, in bounded numbers.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "issuer/repeat_fold.h"
#include "log/entries.h"
#include "log/entry_log.h"

namespace signet {

/// Logs the first refusals of each client, code and field one by one and the rest as counts (RepeatFold), so that
/// nobody can fill the disk by being refused. What the log has no room for is counted on until it has. Thread-safe.
class RefusalLog {
 public:
  /// Both must outlive it.
  RefusalLog(log::EntryLog& log, const Clock& clock);
  /// As finish().
  ~RefusalLog();
  RefusalLog(const RefusalLog&) = delete;
  RefusalLog& operator=(const RefusalLog&) = delete;

  /// A request that was at fault. Returns when the entry is durable, or at once when it is only counted.
  void rejected(log::RejectedFields fields);
  /// A peer that did not get as far as a request.
  void access(log::AccessFields fields);

  /// Logs every count that is still held back, and ends the thread that does so from time to time.
  void finish();

 private:
  void flush_from_time_to_time();
  void record_all(const std::vector<RepeatFold<log::RejectedFields>::Due>& rejections,
                  const std::vector<RepeatFold<log::AccessFields>::Due>& accesses);
  void record(RepeatFold<log::RejectedFields>::Due due);
  void record(RepeatFold<log::AccessFields>::Due due);
  [[nodiscard]] bool append(log::Draft draft, std::uint64_t count);

  log::EntryLog& log_;
  std::mutex mutex_;
  std::condition_variable finishing_changed_;
  bool finishing_ = false;
  RepeatFold<log::RejectedFields> rejections_;
  RepeatFold<log::AccessFields> accesses_;
  std::thread thread_;
};

}  // namespace signet
