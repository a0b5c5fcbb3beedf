#include "x509/ca_certificate.h"

namespace signet {

std::string_view why_no_ca(const Certificate& certificate) noexcept {
  const TbsFields& fields = certificate.fields();
  if (!fields.basic_constraints.has_value() || !fields.basic_constraints->ca)
    return "basicConstraints do not say CA:TRUE";
  if ((fields.key_usage.value_or(0) & kKeyCertSign) == 0) return "keyUsage has no keyCertSign";
  if (!fields.subject_key_id.has_value()) return "there is no subjectKeyIdentifier";
  if (fields.subject.empty()) return "the subject is empty (RFC 5280 section 4.1.2.6)";
  return {};
}

}  // namespace signet
