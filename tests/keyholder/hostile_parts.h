// How hostile requests are made. For hostile_*.cc.
#pragma once

#include <functional>

#include "keyholder/authority.h"
#include "keyholder/hostile_requests.h"

namespace signet::test {

inline constexpr auto kEndEntity = internal::ARTIFACT_KIND_END_ENTITY_CERTIFICATE;
inline constexpr auto kCa = internal::ARTIFACT_KIND_CA_CERTIFICATE;
inline constexpr auto kCrl = internal::ARTIFACT_KIND_CRL;
inline constexpr auto kOcsp = internal::ARTIFACT_KIND_OCSP_RESPONSE;
inline constexpr auto kCheckpoint = internal::ARTIFACT_KIND_LOG_CHECKPOINT;

/// In whole seconds, as structures have it.
[[nodiscard]] Time now();

[[nodiscard]] Question certificate(const TbsFields& fields);
[[nodiscard]] Question ca(const TbsFields& fields);
[[nodiscard]] Question crl_question(const CrlFields& fields);

/// The value with a change.
template <class Fields>
Fields with(Fields fields, const std::function<void(Fields&)>& change) {
  change(fields);
  return fields;
}

/// "CN=...".
[[nodiscard]] Name named(const std::string& common_name);
/// OIDs of extended key usages.
[[nodiscard]] std::vector<std::string> purposes(std::initializer_list<const char*> names);

}  // namespace signet::test
