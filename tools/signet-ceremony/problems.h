// Several mistakes, told at once.
#pragma once

#include <string>
#include <utility>

#include "signet/result.h"

namespace signet::ceremony {

/// Collects errors until somebody asks. The operators shall not find one mistake per try.
class Problems {
 public:
  /// Keeps the error, if it is one, with what it is about (if it does not say that itself) in front. True where all was
  /// well.
  template <class T>
  bool keep(const std::string& about, const Result<T>& result) {
    if (result.has_value()) return true;
    field_ = lines_.empty() ? result.error().field : "";
    lines_ += (lines_.empty() ? "" : "\n") + about + (about.empty() ? "" : ": ") + result.error().message;
    code_ = result.error().code;
    return false;
  }

  /// All that was kept, one line each, with the code of the last; with the field where there is one alone.
  [[nodiscard]] Result<void> result() const {
    if (lines_.empty()) return {};
    return fail(code_, lines_, field_);
  }

 private:
  std::string lines_;
  std::string field_;
  ErrorCode code_ = ErrorCode::kInternal;
};

}  // namespace signet::ceremony
