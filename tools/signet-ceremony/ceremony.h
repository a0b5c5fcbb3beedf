// The ceremony: what is checked, and what is done in which order.
#pragma once

#include <functional>
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

/// Reads and checks everything: the file, the output folder's place, the requests, the tokens, their PINs and what they
/// can do. Makes nothing. Errors have one line per mistake.
[[nodiscard]] Result<Prepared> prepare(const std::string& file);

/// What is going to be made, for the people in the room.
[[nodiscard]] std::string summary(const Prepared& prepared, Time now);

struct MadeKey {
  std::string name;  ///< "root" or "issuing"
  std::string token;
  std::string label;
  std::string key_id;  ///< hexadecimal
};
struct MadeCertificate {
  std::string file;
  std::string subject;  ///< RFC 4514; "" when empty
  std::string sha256;   ///< "AB:CD:..."
};

/// How far a ceremony came. Keys that stand here exist on their token, whatever happened afterwards.
struct Outcome {
  std::vector<MadeKey> keys;
  std::vector<MadeCertificate> certificates;
  std::string transcript_sha256;  ///< hexadecimal; set when every file was written
};

/// Makes the keys and certificates of `prepared`, which is used up. `say` gets one line per step when it is done;
/// `outcome` is filled while it goes on, so that it tells the truth also after an error.
class Ceremony {
 public:
  using Say = std::function<void(const std::string&)>;
  Ceremony(Prepared prepared, const Clock& clock, Rng& rng, Say say)
      : prepared_(std::move(prepared)), clock_(clock), rng_(rng), say_(std::move(say)), transcript_(clock) {}

  [[nodiscard]] Result<void> run();
  [[nodiscard]] const Outcome& outcome() const noexcept { return outcome_; }

 private:
  Result<void> begin();
  Result<PublicKey> make_key(const std::string& name, const CaPlan& ca);
  /// Signs with the key of `ca`, verifies, writes and records; the file holds `chain` behind the certificate.
  Result<Certificate> make_certificate(const TbsFields& fields, const CaPlan& ca, const PublicKey& ca_key,
                                       const std::string& file, const std::string& chain, OutputFolder& folder,
                                       log::Object record);
  Result<void> make_end_entities(const Certificate& issuer, OutputFolder& folder);
  Result<void> finish(OutputFolder& folder);
  void say_step(const std::string& line);

  Prepared prepared_;
  const Clock& clock_;
  Rng& rng_;
  Say say_;
  Transcript transcript_;
  Outcome outcome_;
};

/// What exists after an error, and what to do about it.
[[nodiscard]] std::string after_failure(const Outcome& outcome, const std::string& module_path);

}  // namespace signet::ceremony
