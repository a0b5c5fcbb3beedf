// A whole CA in a temporary folder, made the way an operator makes it: softhsm2-util, openssl, signet-ceremony, files.
#pragma once

#include <string>
#include <vector>

#include "log/entry.h"
#include "support/softhsm.h"

namespace signet::test {

/// A program of the build, such as "signet".
[[nodiscard]] std::string program(const std::string& name);

/// On which module the keys are: two tokens of SoftHSM, or one of NSS, which has no Ed25519.
enum class Module : std::uint8_t { kSoftHsm, kNss };

/// What tests vary.
struct InstallationOptions {
  std::string issuing_key_type = "ec-p256";  ///< as a ceremony file has it
  Module module = Module::kSoftHsm;
};

/// Tokens, a ceremony, a configuration and a policy with these clients:
///   payments  spiffe://test.example/payments, must sign, profile tls-server, names **.example and payment-service, may
///             operate and audit
///   plain     dns:plain.example, need not sign, profile tls-server, names **.plain.example
/// and the certificates of "stranger" (of the same CA, in no policy) and "outsider" (of another CA).
class Installation {
 public:
  explicit Installation(InstallationOptions options = {});

  [[nodiscard]] std::string path(const std::string& name) const { return folder() / name; }
  [[nodiscard]] std::string config() const { return path("signet.toml"); }
  [[nodiscard]] std::string certificate(const std::string& who) const;
  [[nodiscard]] std::string key(const std::string& who) const { return path(who + ".key"); }
  [[nodiscard]] std::string root() const { return path("ceremony/root.pem"); }
  [[nodiscard]] std::string issuing() const { return path("ceremony/issuing.pem"); }
  /// A file with the verifier key of the log.
  [[nodiscard]] std::string log_key() const { return path("ceremony/log-1.vkey"); }
  [[nodiscard]] const TempDirectory& folder() const { return hsm_.directory(); }

  /// A CSR for these names ("DNS:a.example,IP:192.0.2.1") made by openssl, with a new P-256 key; DER.
  [[nodiscard]] Bytes make_csr(const std::string& alt_names) const;

  /// Replaces the first `from` in a file of the folder, which must have it.
  void edit(const std::string& file, const std::string& from, const std::string& to) const;

  /// Every entry of the log. The daemon must have left.
  [[nodiscard]] std::vector<log::Entry> read_log() const;

 private:
  void make_request(const std::string& who, const std::string& subject) const;
  void make_nss_database() const;
  void run_ceremony() const;
  void make_outsider() const;
  void write_configuration() const;

  /// What the texts of ceremony and configuration have for "@NAME@".
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> values() const;

  InstallationOptions options_;
  SoftHsm hsm_;
};

/// The text of an entry's field, empty where there is none; of `who` for "who.client" and the like.
[[nodiscard]] std::string field_of(const log::Entry& entry, const std::string& name);
/// How many entries have this type, and, where given, this field with this text.
[[nodiscard]] std::size_t count_entries(const std::vector<log::Entry>& entries, const std::string& type,
                                        const std::string& field = {}, const std::string& value = {});

}  // namespace signet::test
