#include "keyholder/crl_fence.h"

#include <fmt/format.h>

#include "keyholder/issuer_fence.h"
#include "keyholder/refusal.h"

namespace signet {

Result<CrlVerdict> check_crl_fence(const FenceConfig& rules, const Certificate& issuer, const Clock& clock,
                                   ByteView tbs) {
  const auto crl = parse_tbs_crl(tbs);
  if (!crl.has_value()) return refuse_by_fence("structure", printable(crl.error().message, 1024));
  SIGNET_CHECK(check_form(encode_tbs_crl(*crl).view(), tbs));
  SIGNET_CHECK(check_algorithm(crl->algorithm, rules, issuer));
  SIGNET_CHECK(check_issuer(crl->issuer, issuer));
  SIGNET_CHECK(check_authority_key_id(crl->authority_key_id, issuer));
  SIGNET_CHECK(check_is_now("this_update", "thisUpdate", crl->this_update, rules, clock.now()));
  SIGNET_CHECK(
      check_period("crl_period", crl->this_update, crl->next_update, rules.longest_crl_period, "longest_crl_period"));
  if (crl->delta_base) {
    return refuse_by_fence(
        "crl_delta", fmt::format("deltaCRLIndicator of CRL {}: this CA has no delta CRLs", crl->delta_base->decimal()));
  }
  if (!crl->number) return refuse_by_fence("crl_number", "cRLNumber is absent (RFC 5280 section 5.2.3)");
  return CrlVerdict{.algorithm = crl->algorithm, .number = *crl->number};
}

Result<void> check_crl_number(const std::optional<CrlNumber>& last, const CrlNumber& next) {
  const std::string before = last ? last->decimal() : "none";
  if (last && next <= *last) {
    return refuse_by_fence("crl_number", fmt::format("the CRL's number is {}, and this key signed {} before: an older "
                                                     "CRL would take revocations back",
                                                     next.decimal(), before));
  }
  if (next.is_shortly_after(last.value_or(CrlNumber())) || (!last && next == CrlNumber())) return {};
  return refuse_by_fence("crl_number", fmt::format("the CRL's number is {}, and the one before was {}; a step of 2^64 "
                                                   "or more would use the numbers up",
                                                   next.decimal(), before));
}

}  // namespace signet
