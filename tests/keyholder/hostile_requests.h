// What an issuer that was taken over asks for, rule by rule, and beside it what is all but the same and is signed.
#pragma once

#include <string>
#include <vector>

#include "keyholder/grown_log.h"
#include "keyholder/process_harness.h"
#include "x509/crl.h"
#include "x509/ocsp_response.h"

namespace signet::test {

/// One question to a keyholder.
struct Question {
  std::string key = "issuing-1";
  internal::ArtifactKind kind = internal::ARTIFACT_KIND_END_ENTITY_CERTIFICATE;
  Bytes structure;
  /// Of checkpoints.
  std::uint64_t old_size = 0;
  log::Proof proof = {};
};

struct Hostile {
  std::string what;
  std::string field;  ///< of the error: "fence.eku"
  Question refused;
  Question near_miss;  ///< is signed
};

/// A keyholder's token with two CAs and the log's key, each behind a fence that has every rule.
class HostileWorld {
 public:
  HostileWorld();

  /// What has to be signed before the table is asked for: there are numbers and sizes below it then.
  [[nodiscard]] std::vector<Question> before();
  [[nodiscard]] std::vector<Hostile> table();

  /// What an honest issuer asks of the two CAs. Every one has a serial number of its own.
  [[nodiscard]] TbsFields leaf() const;
  [[nodiscard]] TbsFields sub_ca() const;
  [[nodiscard]] CrlFields crl(std::uint64_t number) const;
  [[nodiscard]] OcspFields ocsp() const;
  [[nodiscard]] Question checkpoint(GrownLog& log, std::size_t old_size, std::size_t size);

  /// The signature is by the key that was asked, over what was asked for.
  [[nodiscard]] bool is_signature_of(const internal::KeyholderToIssuer& answer, const Question& question) const;

  Scenario scenario;
  Certificate upper;  ///< of the key "upper", which signs CAs
  PublicKey log_key;
  GrownLog log;

 private:
  void add_structures(std::vector<Hostile>& table);
  void add_extensions(std::vector<Hostile>& table);
  void add_identities(std::vector<Hostile>& table);
  void add_times(std::vector<Hostile>& table);
  void add_names(std::vector<Hostile>& table);
  void add_cas(std::vector<Hostile>& table);
  void add_crls(std::vector<Hostile>& table);
  void add_ocsp_responses(std::vector<Hostile>& table);
  void add_checkpoints(std::vector<Hostile>& table);
  void add_keys_and_kinds(std::vector<Hostile>& table);

  std::uint64_t next_number_ = 100;  ///< of CRLs
  std::size_t signed_size_ = 8;      ///< of the log
};

/// Asks and waits for the answer.
[[nodiscard]] internal::KeyholderToIssuer ask(Channel& channel, const Question& question);
/// Without waiting.
void send(Channel& channel, std::uint64_t id, const Question& question);

}  // namespace signet::test
