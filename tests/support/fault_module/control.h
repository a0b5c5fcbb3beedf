// The module's end of the control file.
#pragma once

#include <memory>
#include <mutex>

#include "fault_module/page.h"
#include "fault_module/plan.h"

namespace signet::test {

/// What one call meets.
struct Struck {
  std::string action = {};  ///< empty: nothing
  std::string argument = {};
  explicit operator bool() const noexcept { return !action.empty(); }
};

/// The plan as it is now. Thread-safe.
class FaultModuleControl {
 public:
  /// To be called by C_Initialize, before anything else, and again by each.
  void open();

  [[nodiscard]] std::shared_ptr<const FaultPlanOfModule> plan();
  /// Counts the call for each rule about it. The longest latency of the rules that strike is added to `latency`; of the
  /// others the first counts.
  [[nodiscard]] Struck meet(std::string_view call, std::chrono::milliseconds& latency);
  /// Another text has come that says so, since this process initialised the module. True once for each text.
  [[nodiscard]] bool has_dropped_sessions();
  [[nodiscard]] FaultModulePage& page() noexcept { return *page_; }

 private:
  void read_again();

  std::mutex mutex_;
  std::unique_ptr<FaultModulePage> own_page_;
  FaultModulePage* page_ = nullptr;
  std::uint32_t version_ = 1;  // that plan_ was read of; 1 is none's
  std::uint32_t dropped_at_ = 1;
  std::shared_ptr<const FaultPlanOfModule> plan_;
};

}  // namespace signet::test
