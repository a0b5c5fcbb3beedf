// The policy, policy.toml: profiles and clients. docs/configuration.md is for operators.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "policy/client.h"
#include "policy/profile.h"

namespace signet {

class TomlTable;

/// Parsed strictly, then immutable: safe to read from any thread. Pointers it returns live as long as it does.
class Policy {
 public:
  /// `file` is used in messages only. Errors: kInvalidArgument with one line per mistake, "file:line:column: key: what
  /// is wrong and what was expected".
  [[nodiscard]] static Result<Policy> parse(ByteView text, const std::string& file);

  /// The client of the first identity of `peer` that a client has; null where there is none.
  [[nodiscard]] const PolicyClient* find_client(const PeerIdentity& peer) const;
  [[nodiscard]] const Profile* find_profile(std::string_view name) const;

  [[nodiscard]] const std::map<std::string, Profile>& profiles() const noexcept { return profiles_; }
  [[nodiscard]] const std::map<std::string, PolicyClient>& clients() const noexcept { return clients_; }
  /// Of the file's text.
  [[nodiscard]] const Sha256& sha256() const noexcept { return sha256_; }

 private:
  Policy() = default;
  void add_client(TomlTable& table, PolicyClient client);
  std::map<std::string, Profile> profiles_;
  std::map<std::string, PolicyClient> clients_;
  std::map<std::string, std::string> by_identity_;  // -> name in clients_
  Sha256 sha256_{};
};

/// What the fence of an issuer's key lets through.
struct IssuerLimit {
  std::chrono::seconds longest_validity{0};
  std::chrono::seconds clock_tolerance{0};  ///< how far notBefore may be from the keyholder's clock
  bool end_entities = true;                 ///< its may_sign names "end-entity-certificate"
  bool cas = false;                         ///< and "ca-certificate"
  std::uint64_t longest_path = 0;           ///< of a CA's pathLenConstraint
  std::set<std::string> extensions = {};    ///< dotted OIDs of extra extensions
  bool ocsp_responders = false;             ///< OCSPSigning among the extended key usages
  bool retiring = false;                    ///< issues no more
  /// The other extended key usages, dotted OIDs: as the fence has it, serverAuth and clientAuth unless said otherwise.
  std::set<std::string> eku = {"1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"};
  bool every_eku = false;
  std::chrono::seconds longest_ca_validity{0};  ///< of a CA's certificate, as longest_validity
};
/// The daemon's issuers by name.
using IssuerLimits = std::map<std::string, IssuerLimit>;

/// How long a request may be on its way to the keyholder's clock without its backdated notBefore being refused there.
inline constexpr std::chrono::seconds kTimeToFence{60};

/// Every profile's issuer is one of `issuers`, and what the profile allows fits through its fence (the kind of
/// certificate and a CA's path_length; validity_max and backdate together; backdate and kTimeToFence together; extra
/// extensions; extended key usages), so that no request is refused there after it was accepted here. Names are not
/// compared: what of a profile's patterns a client may have is known for a request only. Errors: kFailedPrecondition,
/// with a line for each profile that does not fit.
[[nodiscard]] Result<void> check_issuers(const Policy& policy, const IssuerLimits& issuers);

/// Errors: kPermissionDenied, field "method" (rule client.rights).
[[nodiscard]] Result<void> check_right(const PolicyClient& client, Right right);

/// The client may use the profile at all. Errors: kPermissionDenied, field "profile" (rule client.profiles), listing
/// the profiles it may use.
[[nodiscard]] Result<void> check_profile(const PolicyClient& client, const Profile& profile);

/// There is at least one name, and each is allowed by the profile and by the client. Errors, all with field
/// "csr.subjectAltName": kInvalidArgument where there is none (rule names.missing) or one is malformed,
/// kPermissionDenied where one is not allowed; the message names it, whether profile or client forbids it, the rule
/// (docs/policy.md) and what is allowed.
[[nodiscard]] Result<void> check_names(const Profile& profile, const PolicyClient& client, const AltNames& names);

}  // namespace signet
