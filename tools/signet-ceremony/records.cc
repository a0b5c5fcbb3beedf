#include "records.h"

namespace signet::ceremony {

namespace {

/// What the token answers about a key; what it does not answer is left out.
log::Object attributes_record(const KeyProtection& protection) {
  log::Object record;
  const auto add = [&](const char* name, std::optional<bool> value) {
    if (value) record.emplace(name, log::Value::boolean(*value));
  };
  add("CKA_ALWAYS_SENSITIVE", protection.always_sensitive);
  add("CKA_EXTRACTABLE", protection.extractable);
  add("CKA_LOCAL", protection.local);
  add("CKA_NEVER_EXTRACTABLE", protection.never_extractable);
  add("CKA_SENSITIVE", protection.sensitive);
  return record;
}

}  // namespace

log::Object key_intent(const std::string& name, const KeyPlan& key, const TokenInfo& token) {
  return {{"name", name},
          {"key_label", key.key.label},
          {"key_type", key_type_text(key.key)},
          {"token", token.label},
          {"token_manufacturer", printable(token.manufacturer)},
          {"token_model", printable(token.model)},
          {"token_serial", printable(token.serial)}};
}

log::Object key_record(log::Object intent, const PublicKey& key, const KeyProtection& protection) {
  intent.emplace("key_id", to_hex(key.key_id()));
  intent.emplace("spki_sha256", to_hex(key.spki_sha256()));
  intent.emplace("attributes", attributes_record(protection));
  return intent;
}

log::Object certificate_intent(const CertificateOrder& order) {
  const TbsFields& fields = order.fields;
  log::Object record = {{"name", order.name},
                        {"file", order.file},
                        {"subject", fields.subject.text()},
                        {"issuer", fields.issuer.text()},
                        {"serial", fields.serial.hex()},
                        {"not_before", to_rfc3339(fields.not_before)},
                        {"not_after", to_rfc3339(fields.not_after)},
                        {"spki_sha256", to_hex(sha256(fields.spki))}};
  if (order.csr_sha256) record.emplace("csr_sha256", to_hex(*order.csr_sha256));
  return record;
}

log::Object certificate_record(const CertificateOrder& order, const Certificate& certificate) {
  log::Object record = certificate_intent(order);
  record.emplace("certificate_sha256", to_hex(certificate.fingerprint()));
  record.emplace("certificate", to_base64(certificate.der().view()));
  return record;
}

}  // namespace signet::ceremony
