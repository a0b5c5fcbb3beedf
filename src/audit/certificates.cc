#include "audit/certificates.h"

#include <fmt/format.h>

#include <algorithm>

#include "audit/digest.h"

namespace signet::audit {
namespace {

/// RFC 5280 section 4.2.1.1: the key identifier decides where several have the name.
bool may_have_issued(const Certificate& issuer, const IntentFacts& intent) {
  if (!equal(issuer.fields().subject.der(), intent.issuer_name)) return false;
  const auto& key_id = issuer.fields().subject_key_id;
  return intent.authority_key_id.empty() || !key_id || equal(*key_id, intent.authority_key_id);
}

std::string name_text(ByteView der) {
  const auto name = Name::parse(der);
  return name.has_value() ? printable(name->text()) : "a name that cannot be read";
}

}  // namespace

CertificateResult CertificateCheck::check(std::span<const CertificateJob> jobs) const {
  CertificateResult result;
  for (const CertificateJob& job : jobs) check_one(job, result);
  return result;
}

void CertificateCheck::check_one(const CertificateJob& job, CertificateResult& result) const {
  const auto complain = [&](std::string_view id, std::string message) {
    result.complaints.push_back(about_entry(job.entry, id, std::move(message)));
  };
  if (job.intent.algorithm != job.issued.algorithm) {
    complain("certificate-algorithm", fmt::format("signature_algorithm is {}, the TBS says {}",
                                                  name_of(job.issued.algorithm), name_of(job.intent.algorithm)));
  }
  const CertificateDer certificate =
      assemble_certificate(TbsDer(job.intent.tbs), job.issued.algorithm, SignatureValue(job.issued.signature));
  if (const Sha256 hash = digest().of(certificate.view()); hash == job.issued.certificate_sha256) {
    ++result.rebuilt;
  } else {
    complain("certificate-hash", fmt::format("certificate_sha256 is {}; TBS and signature make {}",
                                             to_hex(job.issued.certificate_sha256), to_hex(hash)));
  }
  if (verifies_signatures()) check_signature(job, result);
}

void CertificateCheck::check_signature(const CertificateJob& job, CertificateResult& result) const {
  bool known = false;
  for (const Certificate& issuer : issuers_) {
    if (!may_have_issued(issuer, job.intent)) continue;
    known = true;
    if (issuer.public_key().verify(job.issued.algorithm, job.intent.tbs, job.issued.signature).has_value()) {
      ++result.verified;
      return;
    }
  }
  const std::string name = name_text(job.intent.issuer_name);
  result.complaints.push_back(
      known ? about_entry(job.entry, "certificate-signature",
                          fmt::format("serial {}: the signature does not verify with the key of {}",
                                      to_hex(job.issued.serial), name))
            : about_entry(job.entry, "certificate-issuer",
                          fmt::format("serial {}: no issuer certificate given has the name {} and the key id {}",
                                      to_hex(job.issued.serial), name, to_hex(job.intent.authority_key_id))));
}

}  // namespace signet::audit
