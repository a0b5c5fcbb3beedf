#include "issuer/trust_bundle.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"

namespace signet {

namespace {

constexpr std::size_t kMaxTrustFile = std::size_t{1} << 20U;
constexpr const char* kField = "trust.also";

/// Everything of the bundle, in its order.
class Collection {
 public:
  void add(Certificate certificate) {
    const bool known = std::ranges::any_of(
        certificates_, [&](const Certificate& other) { return other.der().bytes() == certificate.der().bytes(); });
    if (!known) certificates_.push_back(std::move(certificate));
  }

  [[nodiscard]] bool has_issuer_of(const Certificate& certificate) const {
    return std::ranges::any_of(certificates_,
                               [&](const Certificate& other) { return is_issued_by(certificate, other); });
  }

  [[nodiscard]] TrustBundle bundle() const {
    TrustBundle bundle;
    for (const Certificate& certificate : certificates_)
      (is_issued_by(certificate, certificate) ? bundle.roots : bundle.intermediates).push_back(certificate.der());
    return bundle;
  }

 private:
  std::vector<Certificate> certificates_;
};

Result<std::vector<Certificate>> read_certificates(const std::string& path) {
  SIGNET_TRY(const Bytes content, read_file(path, kMaxTrustFile, FileTrust::kNotWritable, kField));
  auto certificates = parse_certificates(content);
  if (!certificates.has_value())
    return fail(certificates.error().code, path + ": " + certificates.error().message, kField);
  for (const Certificate& certificate : *certificates) {
    SIGNET_CHECK(check_is_ca(certificate, path, kField));
    warn_if_expired(certificate, path);
  }
  return certificates;
}

}  // namespace

Result<TrustBundle> load_trust_bundle(const TrustConfig& config, const Authorities& authorities) {
  Collection all;
  for (const auto& [name, authority] : authorities) {
    all.add(authority.certificate);
    for (const Certificate& above : authority.chain) all.add(above);
    all.add(authority.root);
  }
  std::vector<std::pair<std::string, Certificate>> also;
  for (const std::string& path : config.also) {
    SIGNET_TRY(const std::vector<Certificate> certificates, read_certificates(path));
    for (const Certificate& certificate : certificates) {
      also.emplace_back(path, certificate);
      all.add(certificate);
    }
  }
  for (const auto& [path, certificate] : also) {  // once all of them are there: they may stand in any order
    if (all.has_issuer_of(certificate)) continue;
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("{}: \"{}\" was issued by \"{}\", which is neither an issuer's chain nor in trust.also, so "
                            "nobody can verify it; add that certificate too",
                            path, certificate.fields().subject.text(), certificate.fields().issuer.text()),
                kField);
  }
  return all.bundle();
}

}  // namespace signet
