// GeneralizedTime of CRL entries and OCSP responses. Internal to x509.
#pragma once

#include <string_view>

#include "x509/der.h"

namespace signet {

/// The next element, a GeneralizedTime with seconds and 'Z', from 1950 on. Unlike the times of certificates it has this
/// type before 2050, too (RFC 5280 section 5.3.2, RFC 6960 section 4.2.2.1).
[[nodiscard]] Result<Time> read_generalized_time(der::Reader& reader, std::string_view what);
[[nodiscard]] Bytes generalized_time(Time time);

}  // namespace signet
