// What the daemon tells everybody: bundle, status.
#pragma once

#include <string>

#include "output.h"
#include "settings.h"

namespace signet::cli {

struct BundleArguments {
  std::string out_file;
  std::string format;  ///< "pem", "der", "spiffe"; empty = pem
  bool roots_only = false;
  bool force = false;
};

/// Each does one thing to its end and writes its output.
[[nodiscard]] Result<void> bundle(const Flags& flags, const BundleArguments& arguments, Format format);
[[nodiscard]] Result<void> status(const Flags& flags, Format format);

}  // namespace signet::cli
