// The ceremony: what is checked, and what is done in which order.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "certificates.h"
#include "output_folder.h"
#include "plan.h"
#include "tokens.h"
#include "transcript.h"
#include "x509/csr.h"

namespace signet::ceremony {

/// A plan of which everything was found right that can be without making anything. Move-only.
struct Prepared {
  Plan plan;
  std::vector<Csr> requests;  ///< of plan.end_entities, in order
  Tokens tokens;              ///< unlocked
};

/// Reads and checks everything: the file, the output folder's place, the requests, that every certificate can be made,
/// the tokens, their PINs and what they can do. Makes nothing. Errors have one line per mistake.
[[nodiscard]] Result<Prepared> prepare(const std::string& file);

/// What is going to be made, for the people in the room. It names the keys that get certified, which the file's hash
/// does not cover.
[[nodiscard]] std::string summary(const Prepared& prepared, Time now);

struct MadeKey {
  std::string name;  ///< "root", "issuing" or "log"
  std::string token;
  std::string label;
  std::string key_id;        ///< hexadecimal
  std::string verifier_key;  ///< of the log's key: as verifiers of the log know it; otherwise empty
};
struct MadeCertificate {
  std::string file;
  std::string subject;  ///< RFC 4514; "" when empty
  std::string sha256;   ///< "AB:CD:..."
};

/// How far a ceremony came. Keys that stand here exist on their token, whatever happened afterwards.
struct Outcome {
  std::vector<MadeKey> keys;
  std::optional<MadeKey> begun;  ///< a key, without id, of which nobody knows whether it is there
  std::vector<MadeCertificate> certificates;
  std::string transcript_sha256;  ///< hexadecimal; set when every file was written
  std::string evidence;           ///< the unfinished folder that was kept after a failure; "" where none was

  [[nodiscard]] bool nothing_made() const noexcept { return keys.empty() && !begun; }
  [[nodiscard]] bool all_made() const noexcept { return !transcript_sha256.empty(); }
};

/// Makes the keys and certificates of `prepared`, which is used up. The transcript says what is going to be done, on
/// disk, before a key is generated and before anything is signed. `say` gets one line per step when it is done;
/// `outcome` is filled while it goes on, so that it tells the truth also after an error.
class Ceremony {
 public:
  using Say = std::function<void(const std::string&)>;
  Ceremony(Prepared prepared, const Clock& clock, Rng& rng, Say say)
      : prepared_(std::move(prepared)), clock_(clock), rng_(rng), say_(std::move(say)), transcript_(clock) {}

  /// Once. After an error no output folder is there; where a key was or may have been made, the unfinished one is kept,
  /// with the transcript so far and the error in it.
  [[nodiscard]] Result<void> run();
  [[nodiscard]] const Outcome& outcome() const noexcept { return outcome_; }

 private:
  Result<void> make_everything();
  Result<void> begin();
  /// `intent` is what the transcript says before and, with the key, afterwards.
  Result<PublicKey> make_key(const std::string& name, const KeyPlan& plan, log::Object intent);
  Result<PublicKey> generate(const std::string& name, const KeyPlan& plan);
  Result<PublicKey> make_ca_key(const std::string& name, const CaPlan& ca);
  /// Makes the key, lets it sign a note, and writes its public half.
  Result<void> make_log_key(const LogKeyPlan& plan);
  /// Signs with the key of `ca`, verifies, writes and records; the file holds `chain` behind the certificate.
  Result<Certificate> make_certificate(const CertificateOrder& order, const CaPlan& ca, const PublicKey& ca_key,
                                       const std::string& chain);
  Result<Certificate> sign(const TbsFields& fields, const CaPlan& ca, const PublicKey& ca_key);
  Result<void> make_end_entities(const Certificate& issuer);
  Result<void> finish();
  /// Adds an entry to the transcript on disk.
  Result<void> record(const std::string& act, log::Object fields);
  void keep_evidence(const Error& error);
  void say_step(const std::string& line);

  Prepared prepared_;
  const Clock& clock_;
  Rng& rng_;
  Say say_;
  Transcript transcript_;
  std::optional<OutputFolder> folder_;  // while run() is at work
  Outcome outcome_;
  std::size_t steps_done_ = 0;
};

}  // namespace signet::ceremony
