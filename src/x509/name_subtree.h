// One subtree of name constraints (RFC 5280 section 4.2.1.10) and what lies in it. Internal to x509.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "x509/name.h"

namespace signet {

struct NameSubtree {
  enum class Kind : std::uint8_t { kDns, kIp, kUri, kEmail, kDirectory };
  Kind kind = Kind::kDns;
  std::string text;    ///< lower-case but for what stands before '@'; of kIp and kDirectory for messages
  Bytes address = {};  ///< kIp
  Bytes mask = {};     ///< kIp: as long as address
  std::vector<std::string> rdns = {};  ///< kDirectory: as comparable_rdns() has them

  /// The base of a GeneralSubtree; nothing where its tag is of another kind than those above.
  [[nodiscard]] static Result<std::optional<NameSubtree>> parse(std::uint8_t tag, ByteView contents);
  /// "DNS:example.com", "IP:10.0.0.0/8", "dirName:O=Example".
  [[nodiscard]] std::string full_text() const;
};

/// Which list the subtree stands in. Of a wildcard all must be permitted, and nothing excluded.
enum class Side : std::uint8_t { kPermitted, kExcluded };

/// The subtree, which must be of the kind, covers the name.
/// `name` is lower-case, perhaps a wildcard "*.example.com".
[[nodiscard]] bool covers_dns(const NameSubtree& subtree, std::string_view name, Side side);
/// `address` is from fold_address().
[[nodiscard]] bool covers_email(const NameSubtree& subtree, std::string_view address);
/// `host` is from host_of_uri().
[[nodiscard]] bool covers_uri_host(const NameSubtree& subtree, std::string_view host);
[[nodiscard]] bool covers_ip(const NameSubtree& subtree, ByteView ip);
/// `rdns` are the subject's, from comparable_rdns().
[[nodiscard]] bool covers_directory(const NameSubtree& subtree, const std::vector<std::string>& rdns);

/// Lower-case; nothing where it is no host name, "*." before it aside.
[[nodiscard]] std::optional<std::string> fold_dns(std::string_view name);
/// The host lower-case, what stands before the '@' as it is: only hosts are without case (RFC 5321 section 2.4).
/// Nothing where there is no mailbox, or no host name behind it.
[[nodiscard]] std::optional<std::string> fold_address(std::string_view address);
/// The host, lower-case, of a URI of which every verifier finds the same one, and which is a host name.
[[nodiscard]] std::optional<std::string> host_of_uri(std::string_view uri);
/// Each RDN as a text that is equal for names that RFC 5280 section 7.1 calls equal, as far as OpenSSL follows it:
/// string types do not count, nor case of ASCII letters, nor blanks at the ends or more than one inside.
[[nodiscard]] std::vector<std::string> comparable_rdns(const Name& name);
/// The subject's e-mail addresses; an error where one is no IA5String, as RFC 5280 appendix A.1 has it: verifiers do
/// not take others.
[[nodiscard]] Result<std::vector<std::string>> email_addresses(const Name& subject);
/// What verifiers take for a host name in a common name: more than one label of what host names are made of.
[[nodiscard]] bool reads_like_host(std::string_view common_name);

}  // namespace signet
