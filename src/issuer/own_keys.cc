#include "issuer/own_keys.h"

#include "base/file.h"
#include "base/ops_log.h"
#include "issuer/log_key.h"

namespace signet {

namespace {

constexpr std::size_t kMaxCertificateFile = std::size_t{1} << 20U;

Sha256 hash_of(const PublicKey& key) { return sha256(key.spki()); }

/// The leaf comes first; the CAs behind it are not this daemon's keys.
Result<Sha256> key_of_daemon(const std::string& file) {
  SIGNET_TRY(const Bytes content, read_file(file, kMaxCertificateFile, FileTrust::kAnyone, "listen.certificate"));
  SIGNET_TRY(const std::vector<Certificate> chain, parse_certificates(content, UnknownCritical::kTaken));
  return hash_of(chain.front().public_key());
}

}  // namespace

Result<OwnKeys> load_own_keys(const DaemonConfig& config, const TrustBundle& bundle) {
  OwnKeys keys;
  for (const auto* certificates : {&bundle.roots, &bundle.intermediates}) {
    for (const CertificateDer& der : *certificates) {
      SIGNET_TRY(const Certificate certificate, Certificate::parse(der.view()));
      keys.insert(hash_of(certificate.public_key()));
    }
  }
  for (const auto& [name, key] : config.keys) {
    if (!key.signs_log()) continue;
    SIGNET_TRY(const log::NoteVerifier log_key,
               load_log_key(key, config.origin_of_log_key(name).value_or(config.origin)));
    keys.insert(hash_of(log_key.key()));
  }
  const auto daemon = key_of_daemon(config.listen.certificate);
  if (daemon.has_value()) {
    keys.insert(*daemon);
  } else {
    ops::warning("the daemon's certificate cannot be read here, so a request with its key is not refused for that",
                 {{"file", config.listen.certificate}, {"reason", daemon.error().message}});
  }
  return keys;
}

}  // namespace signet
