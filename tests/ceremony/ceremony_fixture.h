// A room for a ceremony: two SoftHSM tokens, a CSR and a ceremony file, all in a folder of the test's own.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "log/value.h"
#include "support/command.h"
#include "support/softhsm.h"

namespace signet::test {

class CeremonyTest : public ::testing::Test {
 protected:
  CeremonyTest();

  /// The ceremony file, in which `old_text` (which must be in it) is replaced. Written as ceremony.toml.
  void plan_with(const std::string& old_text, const std::string& new_text);
  /// signet-ceremony ACTION ceremony.toml MORE..., without a terminal.
  CommandResult ceremony(const std::string& action, const std::vector<std::string>& more = {},
                         const std::string& input = {}) const;
  /// Puts the module that goes wrong (support/fault_module) in the place of SoftHSM; what goes wrong there comes from
  /// the ceremony file's environment.
  void use_fault_module(const std::string& calls, const std::string& action, int after, int times);
  /// Has the HSM profile say that the token signs with these only.
  void use_mechanisms(const std::vector<std::string>& names) const;
  /// The entries of a transcript, each checked for its form and place.
  static std::vector<log::Object> transcript_in(const std::string& folder);
  /// `act` of each.
  static std::vector<std::string> acts_of(const std::vector<log::Object>& transcript);
  /// The folders beside the output that a ceremony left unfinished.
  [[nodiscard]] std::vector<std::string> unfinished() const;
  /// An ECDSA request for `name`, as `name`.csr.
  void make_request(const std::string& name) const;

  [[nodiscard]] std::string path(std::string_view name) const { return room_ / name; }
  [[nodiscard]] bool output_exists() const { return std::filesystem::exists(path("ceremony")); }
  /// How many objects are on both tokens; SoftHSM keeps one file each.
  [[nodiscard]] std::size_t objects() const;
  /// Everything in the test's folder but the tokens, sorted: to see that nothing was left behind.
  [[nodiscard]] std::vector<std::string> files() const;

  SoftHsm hsm_{"signet-root"};
  const TempDirectory& room_ = hsm_.directory();
  std::string issuing_token_directory_;
  std::string plan_;
};

/// The text under `key`, or "(absent)".
[[nodiscard]] std::string text(const log::Object& entry, const std::string& key);

}  // namespace signet::test
