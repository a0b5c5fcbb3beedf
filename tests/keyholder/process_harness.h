// Runs the real signet-keyholder, in the place of its supervisor and its issuer.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "log/merkle.h"
#include "support/softhsm.h"
#include "wire/channel.h"
#include "wire/control.h"
#include "wire/internal.pb.h"
#include "x509/certificate.h"

namespace signet::test {

/// A CA whose key is on a SoftHSM token, and the daemon's configuration that names it.
class Scenario {
 public:
  explicit Scenario(KeyType type = KeyType::kEcP256, unsigned rsa_bits = 0);

  /// signet.toml, made of the values below at the time of the call.
  [[nodiscard]] std::string config() const;

  SoftHsm softhsm;
  std::optional<Certificate> ca;
  std::string certificate_file;
  std::string uri = "pkcs11:token=signet-test;object=issuing-1;type=private";
  std::string pin = softhsm.pin();  ///< what the supervisor gives; the file of the configuration is its business
  std::string profile = std::string(SIGNET_SOURCE_DIR) + "/hsm-profiles/softhsm2.toml";
  std::string environment = "SOFTHSM2_CONF = \"" + softhsm.conf() + "\"";
  std::string sign_deadline = "5s";
  std::string key_tokens = "token = \"soft\"";  ///< of [key.issuing-1]; "elsewhere" is another token
  std::string signature;                        ///< of [key.issuing-1]; empty = left out
  unsigned sessions = 2;
  std::string origin = "ca.example/test";
  /// [key.issuing-1.fence], with its own tables behind it.
  std::string fence = "may_sign = [\"end-entity-certificate\"]\nlongest_validity = \"398d\"\n";
  std::string log_token = "elsewhere";  ///< the [token.*] of the log's key
  std::string log_public_key = "log-1.pub.pem";
  std::string state_directory = softhsm.directory() / "state";

  /// Puts the log's key onto this keyholder's token. Its public key, which the file log_public_key has from then on.
  PublicKey add_log_key(KeyType type = KeyType::kEd25519);
  [[nodiscard]] std::string journal() const { return state_directory + "/keyholder-soft/journal"; }

  /// Another CA on this keyholder's token, with room for a CA below it: key and certificate, as [key.`name`] with this
  /// fence.
  Certificate add_ca(const std::string& name, const std::string& its_fence);

  /// A second log, gone before the first, with a key of its own on this keyholder's token.
  PublicKey add_predecessor(const std::string& its_origin);

  /// Uses the module that goes wrong (support/fault_module), with these variables.
  void use_fault_module(const std::string& call, const std::string& action, int after = 0, int times = 1000000);
  /// Likewise, with what its control file says (fault/token_faults.h).
  void use_fault_control(const std::string& file);
  /// No more.
  void use_softhsm_itself();

 private:
  std::string more_keys_;  ///< their part of the configuration
};

/// A running signet-keyholder. Its end is the end of the process.
class Keyholder {
 public:
  /// Starts it and sends Start.
  explicit Keyholder(const Scenario& scenario);
  /// As above, with a limit on the size of files it writes (RLIMIT_FSIZE).
  Keyholder(const Scenario& scenario, std::uint64_t file_bytes);
  ~Keyholder();
  Keyholder(const Keyholder&) = delete;
  Keyholder& operator=(const Keyholder&) = delete;

  /// Waits for the next message.
  [[nodiscard]] internal::ChildToSupervisor said();
  /// Waits for what it says about its start, behind its login.
  [[nodiscard]] internal::ChildToSupervisor started();
  /// Its failure's text, or "it started".
  [[nodiscard]] internal::Failure failure();

  /// Becomes its issuer of this generation.
  [[nodiscard]] std::unique_ptr<Channel> connect(std::uint64_t generation = 1);
  void send(const internal::SupervisorToChild& message);
  void close_control() { control_.reset(); }

  /// The wait status, or nothing if it still runs after `patience`.
  [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds patience = std::chrono::seconds(20));
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  std::unique_ptr<ControlChannel> control_;
  pid_t pid_ = -1;
};

/// Sends a request for a signature of a certificate, or of a checkpoint, without waiting.
void request(Channel& channel, std::uint64_t id, ByteView tbs, const std::string& key = "issuing-1",
             internal::ArtifactKind kind = internal::ARTIFACT_KIND_END_ENTITY_CERTIFICATE);
void request_checkpoint(Channel& channel, std::uint64_t id, std::string_view text, std::uint64_t old_size = 0,
                        const log::Proof& proof = {}, const std::string& key = "log-1");
/// The next answer; throws std::runtime_error after 20 s or at the end of the channel.
[[nodiscard]] internal::KeyholderToIssuer next_answer(Channel& channel);
/// Both.
[[nodiscard]] internal::KeyholderToIssuer ask(
    Channel& channel, ByteView tbs, const std::string& key = "issuing-1",
    internal::ArtifactKind kind = internal::ARTIFACT_KIND_END_ENTITY_CERTIFICATE);

[[nodiscard]] internal::KeyholderToIssuer ask_checkpoint(Channel& channel, std::string_view text,
                                                         std::uint64_t old_size = 0, const log::Proof& proof = {},
                                                         const std::string& key = "log-1");
[[nodiscard]] internal::TokenDescription ask_description(Channel& channel);

}  // namespace signet::test
