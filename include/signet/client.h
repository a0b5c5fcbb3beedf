// The client library: certificates from a Signet daemon over its RPC. docs/rpc.md describes the protocol.
//
//   auto client = signet::Client::create({.address = "ca.example.com:7443", .certificate_file = "client.pem",
//                                         .key_file = "client.key", .trust_file = "ca.pem"});
//   if (!client) return report(client.error());
//   auto issued = client->issue({.profile = "tls-server", .csr = csr});
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "signet/result.h"

namespace signet {

using ByteVector = std::vector<std::uint8_t>;

/// How a client reaches its daemon and who it is. Only the first four have no default.
struct ClientOptions {
  std::string address;           ///< "ca.example.com:7443", "192.0.2.1:7443" or "[2001:db8::1]:7443"
  std::string certificate_file;  ///< PEM: the client's certificate, then the intermediates it chains over
  std::string key_file;          ///< PEM, not encrypted, mode 0600: the key of that certificate
  std::string trust_file;        ///< PEM: the roots (and intermediates) the daemon's certificate may chain to
  std::string server_name = {};  ///< the DNS name or IP address in the daemon's certificate; empty = the address's host
  /// Of one connection, handshake included; and how long what was sent may stay unacknowledged by the daemon's host
  /// before the connection counts as lost. More than 0; more than a day counts as a day.
  std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
  /// Of one call, with all that it tries again. More than 0; more than a day counts as a day.
  std::chrono::milliseconds deadline = std::chrono::seconds(30);
  bool sign_requests = true;  ///< sign each request with the key; clients of a policy with must_sign have to
  /// The CA's, which signatures name, at most 255 bytes; empty = the daemon is asked once, and then whoever holds its
  /// TLS key chooses for which CA this client signs.
  std::string origin = {};
  /// Called before each wait for another attempt, with the error that was met and the wait, by the thread that calls.
  std::function<void(const Error&, std::chrono::milliseconds)> on_retry = {};
};

struct IssueOptions {
  std::string profile;
  ByteVector csr;                    ///< PKCS#10, PEM or DER
  std::chrono::seconds validity{0};  ///< 0 = the profile's default
  std::string idempotency_key = {};  ///< at most 64 bytes; empty = a new random one
  /// The answer comes when a signed checkpoint of the audit log covers the issuance, mostly within a second, and brings
  /// the proof. The same idempotency key goes with the same wish: with or without it.
  bool wait_for_proof = false;
};

/// Of a renewal: names, subject and profile are those of the client's own certificate.
struct RenewOptions {
  ByteVector csr;  ///< PKCS#10, PEM or DER, of a key that should be a new one; it asks for the same names or for none
  // These as in IssueOptions.
  std::chrono::seconds validity{0};
  std::string idempotency_key = {};
  bool wait_for_proof = false;
};

struct IssuedCertificate {
  ByteVector certificate;         ///< DER
  std::vector<ByteVector> chain;  ///< DER, the issuing CA first, without the root
  ByteVector serial;              ///< big-endian
  std::chrono::sys_seconds not_after{};
  std::uint64_t log_index = 0;         ///< of the audit log's entry `issued`
  std::uint64_t intent_log_index = 0;  ///< of its entry `intent`
  std::string idempotency_key;         ///< that was used: the same call with it gets the same certificate
  std::string request_id;              ///< the daemon's name for this request
  /// With wait_for_proof: a C2SP tlog-proof of the entry `issued`, with the entry as its extra data. Otherwise empty.
  ByteVector proof;
};

struct TrustBundle {
  std::string origin;
  std::vector<ByteVector> roots;          ///< DER
  std::vector<ByteVector> intermediates;  ///< DER: issuing CAs, those above them, and cross-certificates
  std::string request_id;
  std::uint64_t sequence = 0;            ///< of two bundles of one CA, the newer one has the larger number
  std::chrono::seconds refresh_hint{0};  ///< how often to ask for it; 0 = the daemon does not say
};

struct DaemonStatus {
  using Time = std::chrono::sys_time<std::chrono::microseconds>;
  struct Issuer {
    std::string name;
    std::string subject;  ///< RFC 4514
    Time not_after{};
    std::string key;
    bool available = false;  ///< a keyholder with its key answers
    std::string state = {};  ///< "active", "retiring" (it issues no more); empty = the daemon does not say
  };
  struct Token {
    std::string name;
    bool available = false;
    std::uint32_t restarts = 0;
    std::vector<std::string> keys;
  };
  std::string version;
  std::string origin;
  Time started{};
  std::uint64_t log_size = 0;         ///< entries
  std::uint64_t checkpoint_size = 0;  ///< entries that the newest checkpoint covers
  Time checkpoint_time{};             ///< when it was made; the epoch = there is none yet
  std::uint64_t issued = 0;           ///< certificates
  std::uint64_t requests_in_flight = 0;
  std::vector<Issuer> issuers;
  std::vector<Token> tokens;
  std::string request_id;
};

/// The newest checkpoint of the audit log.
struct LogCheckpoint {
  ByteVector note;  ///< a signed note (C2SP tlog-checkpoint)
  /// 32 bytes each: that this log begins with the one of `old_size` entries (RFC 6962 section 2.1.2).
  std::vector<ByteVector> consistency;
  std::string request_id;
};

struct LogProof {
  ByteVector proof;  ///< C2SP tlog-proof, with the entry as its extra data
  std::string request_id;
};

struct LogEntries {
  ByteVector checkpoint;            ///< the newest; it covers the entries
  std::vector<ByteVector> entries;  ///< canonical JSON, consecutive, at least one
  std::string request_id;
};

/// 128 random bits as 32 hexadecimal digits. For callers who want to know the key before they ask, so that they can ask
/// again after they were killed.
[[nodiscard]] Result<std::string> new_idempotency_key();

/// The certificate and, behind it, `chain` as PEM.
[[nodiscard]] std::string to_pem(const ByteVector& certificate, const std::vector<ByteVector>& chain = {});

/// The roots as a SPIFFE bundle (SPIFFE Trust Domain and Bundle, section 4), JSON: one JWK for each, with use
/// "x509-svid" and the certificate as x5c. Intermediates are not part of it: every key of it is trusted. Errors: a root
/// with a key that has no JWK.
[[nodiscard]] Result<std::string> to_spiffe_bundle(const TrustBundle& bundle);

/// One client of one daemon, over one TLS 1.3 connection that is made when it is needed and made again when it was
/// lost.
///
/// What can help is tried again until the deadline: lost and refused connections, and errors the daemon calls
/// retryable; always with the same idempotency key, so that a request that was carried out unheard is not carried out
/// twice. Waits grow from 100 ms to 5 s, spread at random, and are at least what the daemon asks for.
///
/// Errors of the daemon come with code, message, field and request_id as it gave them, and from_daemon set. Of this
/// side: kUnauthenticated = TLS failed or one side's certificate was refused (not retryable); kUnavailable = no
/// connection; kNotFound = no host or file of that name; kDeadlineExceeded = no answer in time, and whether the request
/// was carried out is unknown; kInternal = the daemon's answer is wrong (with its request_id), and whether the request
/// was carried out is unknown; kInvalidArgument = an option, an argument or a file is wrong, and nothing was sent.
///
/// Blocking. Thread-safe: calls of several threads take turns. Movable while nobody uses it.
class Client {
 public:
  /// Reads and checks the files; connects to nothing.
  [[nodiscard]] static Result<Client> create(ClientOptions options);
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  /// Asks for a certificate. What is not a certificate request (such as a private key) is refused and not sent. The
  /// answer was checked: it is a certificate for the CSR's key.
  [[nodiscard]] Result<IssuedCertificate> issue(const IssueOptions& options);

  /// Asks for another certificate of the names of the one that this client connects with, which the daemon's CA must
  /// have issued; for clients with the right `renew`. Checked as for issue(), and the
  /// names are those of the client's own certificate.
  [[nodiscard]] Result<IssuedCertificate> renew(const RenewOptions& options);

  /// Checked: at least one root, and all are certificates.
  [[nodiscard]] Result<TrustBundle> trust_bundle();

  /// For clients with the right `operate`.
  [[nodiscard]] Result<DaemonStatus> status();

  /// The audit log, for clients with the right `audit`. Sizes and numbers of the answers are checked, signatures and
  /// hashes are not: that takes the log's public key, and programs that know the formats (`signet log`,
  /// `signet-audit`).
  ///
  /// The newest checkpoint; with `old_size`, of a checkpoint that the caller has, also the consistency proof.
  [[nodiscard]] Result<LogCheckpoint> log_checkpoint(std::uint64_t old_size = 0);
  /// That the entry `index` is in the log, which the newest checkpoint must cover.
  [[nodiscard]] Result<LogProof> log_proof(std::uint64_t index);
  /// Entries from `first` on that the newest checkpoint covers: at most `count`, or with 0 as many as the daemon puts
  /// into one answer.
  [[nodiscard]] Result<LogEntries> log_entries(std::uint64_t first, std::uint32_t count = 0);

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace signet
