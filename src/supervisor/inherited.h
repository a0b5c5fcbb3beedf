// Descriptors that whoever started signetd left open.
#pragma once

#include <map>

#include "base/file.h"

namespace signet {

/// Owns them all from 3 on; closes what nobody takes. Make it first thing in main(), before anything is opened.
class InheritedDescriptors {
 public:
  /// None: for who wants nothing of them.
  InheritedDescriptors() = default;
  /// From now on they are close-on-exec.
  [[nodiscard]] static Result<InheritedDescriptors> take_all();

  /// The descriptor of that number. Error kFailedPrecondition when nobody left it open; `field` names who wants it.
  [[nodiscard]] Result<UniqueFd> take(int number, const std::string& field);

 private:
  std::map<int, UniqueFd> open_;
};

}  // namespace signet
