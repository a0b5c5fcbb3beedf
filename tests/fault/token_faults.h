// The test's end of the module that goes wrong (support/fault_module): says what goes wrong in the keyholders that load
// it, and reads what the token signed.
#pragma once

#include <string>
#include <vector>

#include "support/fault_module/page.h"
#include "support/temp_directory.h"

namespace signet::test {

/// A control file for one token. What is said holds at the next call of the module. Throws std::runtime_error where the
/// file cannot be made.
class TokenFaults {
 public:
  TokenFaults();
  ~TokenFaults();
  TokenFaults(const TokenFaults&) = delete;
  TokenFaults& operator=(const TokenFaults&) = delete;

  [[nodiscard]] std::string file() const { return directory_ / "control"; }
  /// Rules in the language of fault_module.cc, one a line. Sets the counters of rules, and struck(), to zero.
  void set(const std::string& rules);
  void clear() { set(""); }

  [[nodiscard]] std::uint64_t struck() const { return page_->struck; }
  [[nodiscard]] std::uint64_t logins() const { return page_->logins; }
  [[nodiscard]] std::uint64_t processes() const { return page_->initialized; }
  [[nodiscard]] std::uint64_t signatures() const { return page_->signatures; }
  /// Whatever the token ever signed. Throws when it was more than there is room for.
  [[nodiscard]] std::vector<SignedRecord> signed_data() const;

 private:
  TempDirectory directory_;
  FaultModulePage* page_ = nullptr;
};

}  // namespace signet::test
