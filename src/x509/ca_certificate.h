// Which certificate may stand above others.
#pragma once

#include <string_view>

#include "x509/certificate.h"

namespace signet {

/// Why certificates signed with this one's key would not be believed, half a sentence; empty if nothing is in the way.
/// RFC 5280 sections 4.2.1.9 and 4.2.1.3 (basicConstraints, keyUsage), 4.2.1.2 (subjectKeyIdentifier) and 4.1.2.6 (a
/// CA has a subject).
[[nodiscard]] std::string_view why_no_ca(const Certificate& certificate) noexcept;

}  // namespace signet
