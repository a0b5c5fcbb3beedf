#include "keyholder/issuer_fence.h"

#include <fmt/format.h>

#include "keyholder/refusal.h"

namespace signet {
namespace {

std::string text_of_key_id(const std::optional<Bytes>& key_id) { return key_id ? to_hex(*key_id) : "absent"; }

}  // namespace

Result<void> check_form(ByteView written, ByteView der) {
  if (equal(written, der)) return {};
  return refuse_by_fence("form",
                         "the structure holds what this CA does not write, or holds it in another order or encoding");
}

Result<void> check_algorithm(SignatureAlgorithm algorithm, const FenceConfig& rules, const Certificate& issuer) {
  const SignatureAlgorithm own = rules.algorithm_for(issuer.public_key().type());
  if (algorithm == own) return {};
  return refuse_by_fence("algorithm", fmt::format("the signature algorithm is {}, but this key signs with {}",
                                                  name_of(algorithm), name_of(own)));
}

Result<void> check_issuer(const Name& name, const Certificate& issuer) {
  const Name& subject = issuer.fields().subject;
  if (equal(name.der(), subject.der())) return {};
  return refuse_by_fence("issuer", fmt::format("the issuer name is '{}', but this key belongs to '{}'",
                                               printable(name.text()), printable(subject.text())));
}

Result<void> check_authority_key_id(const std::optional<Bytes>& key_id, const Certificate& issuer) {
  const auto& own = issuer.fields().subject_key_id;
  if (key_id == own) return {};
  return refuse_by_fence("authority_key_id",
                         fmt::format("authorityKeyIdentifier is {}, but the certificate's subjectKeyIdentifier is {}",
                                     printable(text_of_key_id(key_id)), text_of_key_id(own)));
}

Result<void> check_is_now(std::string_view rule, std::string_view what, Time time, const FenceConfig& rules, Time now) {
  if (time >= now - rules.clock_tolerance && time <= now + rules.clock_tolerance) return {};
  return refuse_by_fence(rule, fmt::format("{} is {}, more than {} from the keyholder's clock, {}", what,
                                           to_rfc3339(time), format_duration(rules.clock_tolerance), to_rfc3339(now)));
}

Result<void> check_period(std::string_view rule, Time this_update, Time next_update, std::chrono::seconds longest,
                          std::string_view limit) {
  const auto period = std::chrono::floor<std::chrono::seconds>(next_update - this_update);
  if (period > std::chrono::seconds(0) && period <= longest) return {};
  return refuse_by_fence(
      rule, fmt::format("nextUpdate, {}, is {} after thisUpdate, and that is to be more than "
                        "nothing and at most {}, {}",
                        to_rfc3339(next_update), format_duration(period), limit, format_duration(longest)));
}

}  // namespace signet
