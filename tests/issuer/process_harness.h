// Runs the real signet-issuer, in the place of its supervisor, its front and its keyholder.
#pragma once

#include <gmock/gmock.h>
#include <sys/types.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/trusted_clock.h"
#include "issuer/fake_keyholder.h"
#include "issuer/pki.h"
#include "log/entries.h"
#include "support/temp_directory.h"
#include "wire/channel.h"
#include "wire/control.h"
#include "wire/internal.pb.h"
#include "wire/signet.pb.h"

namespace signet::test {

/// A CA below a root, two clients below another root, and the configuration and policy that name them. The token is a
/// fake one, with the CA's key and two log keys: log-1, which the configuration names, and log-0.
class Installation {
 public:
  Installation();

  /// signet.toml and policy.toml, made of the values below at the time of the call.
  [[nodiscard]] std::string config() const;
  [[nodiscard]] std::string policy() const;
  /// Puts the certificates below into the files that the configuration names.
  void write_certificates() const;

  /// The whole entries of the log's file, which may grow meanwhile.
  [[nodiscard]] std::vector<log::Entry> entries() const;
  /// All of the log, by EntryLog. Throws while an issuer has it open.
  [[nodiscard]] std::vector<log::Entry> closed_log() const;
  /// The same without what every log has: genesis, config, key and heartbeat.
  [[nodiscard]] std::vector<log::Entry> story() const;
  [[nodiscard]] std::vector<log::Entry> closed_story() const;
  [[nodiscard]] std::string log_directory() const { return directory / log_folder; }
  [[nodiscard]] std::string log_file() const { return log_directory() + "/entries"; }

  TempDirectory directory;
  Identity root = make_root("Root");
  Identity issuing = make_ca(root, "Issuing CA");
  Identity client_root = make_root("Client root");
  Identity payments = make_client(client_root, "spiffe://example/payments");  ///< must sign its requests
  Identity web = make_client(client_root, "spiffe://example/web");            ///< need not; may operate and audit
  mutable FakeToken token;
  std::string log_folder = "state/log";
  std::string log_key = "log-1";
  std::string log_origin = "ca.example/test";                    ///< of log-1; log-0 has "ca.example/test-0"
  std::string log_settings = "checkpoint_interval = \"60s\"\n";  ///< further lines of [log]: none but the first
  std::string predecessor = {};                                  ///< the table [log.predecessor], if there is one
  std::string issuer = "issuing-1";                              ///< its name
  std::string chain = {};                                        ///< files, as TOML: "\"a.pem\", \"b.pem\""
  std::string sign_deadline = "30s";
  std::optional<ClockReference> clock = {};      ///< of the supervisor's start; otherwise that of each process
  std::optional<std::string> blocked_keys = {};  ///< the list, if there is one, of the name blocked.txt
  std::string also = {};                         ///< of [trust], as `chain`
  std::string rate = {};                         ///< further lines of the client web
  std::string key_usage = "digitalSignature";    ///< of the profile
  std::string profile_lines = {};                ///< further lines of the profile
  std::string fence_lines = {};                  ///< and of the fence of the CA's key
  unsigned workers = 8;
  unsigned queue = 1024;
};

/// The front's end of its connection to the issuer.
class Front {
 public:
  explicit Front(UniqueFd socket) : channel_(std::move(socket)) {}

  /// Hands over a request of a peer with this chain, and returns the call's id.
  std::uint64_t call(const std::vector<std::string>& peer_chain, const std::string& request);
  /// Waits for the answer of this call; answers of others are kept. Throws after 20 s or at the end of the connection.
  [[nodiscard]] v1::Response answer(std::uint64_t id);
  /// Both.
  [[nodiscard]] v1::Response ask(const std::vector<std::string>& peer_chain, const std::string& request);
  /// How many calls have been answered by now and not been asked for by answer().
  [[nodiscard]] std::size_t answers_waiting();
  [[nodiscard]] Channel& channel() noexcept { return channel_; }

 private:
  void read_one();
  Channel channel_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, v1::Response> answers_;
};

/// A running signet-issuer. Its end is the end of the process.
class IssuerProcess {
 public:
  /// Starts it and sends Start.
  explicit IssuerProcess(const Installation& installation);
  ~IssuerProcess();
  IssuerProcess(const IssuerProcess&) = delete;
  IssuerProcess& operator=(const IssuerProcess&) = delete;

  /// Waits for what it says about its start.
  [[nodiscard]] internal::ChildToSupervisor started();
  /// As started(); throws when it did start.
  [[nodiscard]] internal::Failure failure();

  /// Becomes its front, or its keyholder for the token "soft", of this generation.
  [[nodiscard]] std::unique_ptr<Front> connect_front(std::uint64_t generation);
  [[nodiscard]] std::unique_ptr<Channel> connect_keyholder(std::uint64_t generation);
  void send(const internal::SupervisorToChild& message);
  /// Offers another policy and the installation's list of blocked keys, as SIGHUP does, and returns what becomes of it.
  [[nodiscard]] internal::Reloaded reload(const Installation& installation, const std::string& policy);
  void drain();
  void close_control() { control_.reset(); }

  /// SIGKILL, and waits for the end.
  void kill_now();
  /// The wait status, or nothing if it still runs after `patience`.
  [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds patience = std::chrono::seconds(20));
  [[nodiscard]] bool runs() { return !wait(std::chrono::milliseconds(0)).has_value(); }

 private:
  UniqueFd introduce(internal::Peer::Role role, std::uint64_t generation);
  std::unique_ptr<ControlChannel> control_;
  pid_t pid_ = -1;
};

/// An installation and its issuer, with a front and a keyholder: both are the test.
class IssuerTest : public testing::Test {
 protected:
  /// Starts the issuer and connects both, generation 1.
  void start();
  /// A new keyholder; returns when the issuer uses it.
  void reconnect_keyholder(std::uint64_t generation);
  /// Starts the issuer with a keyholder, and returns why it does not get ready. Throws when it does.
  [[nodiscard]] internal::Failure start_refused();
  void reconnect_front(std::uint64_t generation) { front_ = issuer_->connect_front(generation); }
  /// Ends the issuer as a supervisor does; then the log is whole.
  void stop();

  void TearDown() override { EXPECT_THAT(installation_.token.violations(), testing::IsEmpty()); }

  /// The next request for a certificate's signature. Throws after 20 s.
  [[nodiscard]] internal::IssuerToKeyholder next_sign_request() { return keyholder_->next(); }
  [[nodiscard]] bool keyholder_was_asked() const { return keyholder_->was_asked(); }
  void answer_signature(std::uint64_t id, ByteView signature);
  void answer_error(std::uint64_t id, ErrorCode code, const std::string& message, const std::string& field = {},
                    bool retryable = false);
  /// Signs as a good keyholder does.
  void sign_rightly(const internal::IssuerToKeyholder& request);
  [[nodiscard]] v1::GetStatusResponse status();

  /// Calls as the client payments: a signed Issue request with this idempotency key. The same key makes the same bytes.
  std::uint64_t call_issue(const std::string& idempotency_key);
  /// The same, and it waits for the proof.
  std::uint64_t call_issue_with_proof(const std::string& idempotency_key);
  /// Asks the log as the client web.
  [[nodiscard]] v1::Response ask_log(const v1::GetLogRequest& question);
  /// call_issue(), and the keyholder does what it should.
  [[nodiscard]] v1::IssueResponse issue(const std::string& idempotency_key);

  Installation installation_;
  std::unique_ptr<IssuerProcess> issuer_;
  std::unique_ptr<Front> front_;
  std::unique_ptr<FakeKeyholder> keyholder_;
  std::map<std::string, std::string> requests_;  ///< by idempotency key
};

/// `chain` as the front passes it.
[[nodiscard]] std::vector<std::string> chain_of(std::initializer_list<const Identity*> chain);
/// An encoded IssueRequest for a.payments.example, its key a new one.
[[nodiscard]] std::string issue_payload(const std::string& idempotency_key, bool wait_for_proof = false);
/// An encoded Request, unsigned.
[[nodiscard]] std::string envelope(v1::Method method, const std::string& payload);
/// An encoded Request signed by `signer` at `time`.
[[nodiscard]] std::string signed_envelope(const Identity& signer, v1::Method method, const std::string& payload,
                                          Time time = system_clock().now(),
                                          const std::string& origin = "ca.example/test");
[[nodiscard]] v1::IssueResponse issued_in(const v1::Response& response);
[[nodiscard]] v1::GetLogResponse log_answer_in(const v1::Response& response);
[[nodiscard]] ErrorCode code_of(const v1::Response& response);
[[nodiscard]] std::vector<std::string> types_of(const std::vector<log::Entry>& entries);
/// The entries of one type.
[[nodiscard]] std::vector<log::Entry> of_type(const std::vector<log::Entry>& entries, std::string_view type);
[[nodiscard]] bool exited_with(std::optional<int> status, int code);
/// Something can be read from the descriptor, or it is at its end, within `patience`.
[[nodiscard]] bool readable(int fd, std::chrono::milliseconds patience);

}  // namespace signet::test
