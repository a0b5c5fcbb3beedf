#include "keyholder/ocsp_fence.h"

#include <fmt/format.h>

#include "keyholder/issuer_fence.h"
#include "keyholder/refusal.h"
#include "x509/ocsp_response.h"

namespace signet {
namespace {

Result<void> check_responder(const OcspFields& data, const Certificate& issuer) {
  const bool by_name = data.responder_name && equal(data.responder_name->der(), issuer.fields().subject.der());
  const bool by_key = data.responder_key_hash == ocsp_hash_of(OcspHash::kSha1, issuer.public_key());
  if (by_name || by_key) return {};
  return refuse_by_fence(
      "responder", fmt::format("responderID is {}, but this key belongs to '{}'",
                               data.responder_name ? "'" + printable(data.responder_name->text()) + "'"
                                                   : "the key " + to_hex(data.responder_key_hash.value_or(Bytes())),
                               printable(issuer.fields().subject.text())));
}

Result<void> check_cert_id(const OcspCertId& id, const Certificate& issuer) {
  const bool is_own = id.issuer_name_hash == ocsp_hash_of(id.hash, issuer.fields().subject) &&
                      id.issuer_key_hash == ocsp_hash_of(id.hash, issuer.public_key());
  if (is_own) return {};
  return refuse_by_fence("ocsp_issuer",
                         fmt::format("the response about serial number {} is about another CA's, with "
                                     "the name {} and the key {}",
                                     id.serial.hex(), to_hex(id.issuer_name_hash), to_hex(id.issuer_key_hash)));
}

Result<void> check_single_period(const OcspSingle& single, const FenceConfig& rules) {
  if (!single.next_update) {
    return refuse_by_fence("ocsp_period", fmt::format("the response about serial number {} has no nextUpdate, so that "
                                                      "it would hold for ever",
                                                      single.id.serial.hex()));
  }
  return check_period("ocsp_period", single.this_update, *single.next_update, rules.longest_ocsp_period,
                      "longest_ocsp_period");
}

}  // namespace

Result<SignatureAlgorithm> check_ocsp_fence(const FenceConfig& rules, const Certificate& issuer, const Clock& clock,
                                            ByteView data) {
  const auto fields = parse_ocsp_data(data);
  if (!fields.has_value()) return refuse_by_fence("structure", printable(fields.error().message, 1024));
  SIGNET_CHECK(check_form(encode_ocsp_data(*fields).view(), data));
  SIGNET_CHECK(check_responder(*fields, issuer));
  const Time now = clock.now();
  SIGNET_CHECK(check_is_now("produced_at", "producedAt", fields->produced_at, rules, now));
  for (const OcspSingle& single : fields->responses) {
    SIGNET_CHECK(check_cert_id(single.id, issuer));
    SIGNET_CHECK(check_is_now("this_update", "thisUpdate", single.this_update, rules, now));
    SIGNET_CHECK(check_single_period(single, rules));
  }
  return rules.algorithm_for(issuer.public_key().type());
}

}  // namespace signet
