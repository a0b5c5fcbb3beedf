// Name constraints: what a CA's certificate says about the names below it (RFC 5280 section 4.2.1.10).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "x509/name.h"
#include "x509/name_subtree.h"

namespace signet {

class Certificate;

/// The extension of one CA, read strictly. Immutable; copies are deep.
///
/// Every verdict is at least as strict as OpenSSL's, so that what is issued verifies. It is stricter where verifiers
/// differ: a wildcard is held against what it covers; a DNS constraint with a leading dot (RFC 5280 has that for URIs
/// and e-mail only, but other CAs write it) excludes the domain itself as well; and of a URI it must be certain what
/// its host is.
class NameConstraints {
 public:
  enum class Criticality : std::uint8_t { kCritical, kNotCritical };

  /// The contents of the extension: at least one subtree; minimum 0 (left out, as DER has it) and no maximum; domains
  /// by label rules, addresses with a prefix as mask. A subtree of another kind than DNS name, IP address, URI, e-mail
  /// and directory name is refused in a critical extension and passed over in one that is not: no name of such a kind
  /// is ever issued here.
  [[nodiscard]] static Result<NameConstraints> parse(ByteView extension_contents,
                                                     Criticality criticality = Criticality::kCritical);

  /// A certificate with this subject and these alternative names may stand below this CA. What is compared: the
  /// alternative names, the subject as a whole (where it is not empty), the subject's e-mail addresses, and a common
  /// name that reads like a host name where `names` has no DNS name, because verifiers take it for one.
  /// Errors: kPermissionDenied with field "subjectAltName" or "subject", naming the name and the constraint.
  [[nodiscard]] Result<void> permit(const Name& subject, const AltNames& names) const;

  /// The contents of the extension as they were read.
  [[nodiscard]] ByteView der() const noexcept { return der_; }
  /// Every subtree, "permitted DNS:example.com", the permitted ones first.
  [[nodiscard]] std::vector<std::string> texts() const;
  friend bool operator==(const NameConstraints& a, const NameConstraints& b) noexcept { return a.der_ == b.der_; }

 private:
  struct Asked;  // one name of a certificate
  template <class Covers>
  [[nodiscard]] Result<void> permit_one(const Asked& asked, Covers&& covers) const;
  [[nodiscard]] Result<void> check_effort(const Name& subject, const AltNames& names) const;
  [[nodiscard]] Result<void> permit_dns(const std::string& name, const Asked& asked) const;
  [[nodiscard]] Result<void> permit_email(const std::string& address, const Asked& asked) const;
  [[nodiscard]] Result<void> permit_uri(const std::string& uri) const;
  [[nodiscard]] Result<void> permit_subject(const Name& subject) const;
  [[nodiscard]] Result<void> permit_common_names(const Name& subject) const;
  [[nodiscard]] bool concerns(NameSubtree::Kind kind) const noexcept;

  std::vector<NameSubtree> permitted_;
  std::vector<NameSubtree> excluded_;
  Bytes der_;
};

/// What is to be issued fits the constraints of every CA above it: `issuers` is the issuing CA, the one above it and so
/// on, the root included (most verifiers heed its constraints, too). Errors: as permit(), with field
/// "csr.subjectAltName" or "csr.subject", the CA's subject and the rule "name.constraints" in the message.
[[nodiscard]] Result<void> check_name_constraints(std::span<const Certificate> issuers, const Name& subject,
                                                  const AltNames& names);

}  // namespace signet
