// What the command says, in words or as JSON.
#pragma once

#include <string>

#include "ceremony.h"

namespace signet::ceremony {

/// Lines go to standard output, or to standard error where a JSON object goes there. The int results are exit statuses.
class Report {
 public:
  explicit Report(bool json) : json_(json) {}

  void say(const std::string& line) const;
  void checked(const Plan& plan) const;
  /// Last of all the transcript's SHA-256.
  void done(const Outcome& outcome, const std::string& output) const;
  /// Nothing was made.
  [[nodiscard]] int refused(const Error& error) const;
  /// Something may have been made; says what, and what to do.
  [[nodiscard]] int failed(const Error& error, const Outcome& outcome, const std::string& module_path) const;

 private:
  bool json_;
};

}  // namespace signet::ceremony
