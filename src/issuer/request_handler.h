// From a request's bytes to its answer's: identity, authorisation, signature, method.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "issuer/callers.h"
#include "issuer/certificate_methods.h"
#include "issuer/log_questions.h"
#include "issuer/proof_desk.h"
#include "issuer/refusal_log.h"
#include "issuer/request.h"
#include "issuer/trust_bundle.h"
#include "wire/internal.pb.h"
#include "wire/signet.pb.h"

namespace signet {

/// Everything a request can touch. It all outlives the handler.
struct HandlerWorld {
  const DaemonConfig& config;
  const Authorities& authorities;
  const TrustBundle& bundle;
  const Keyholders& keyholders;
  const IssuingGate& gate;
  const log::EntryLog& log;
  const log::Publisher& publisher;
  ProofDesk& proof_desk;
  RefusalLog& refusals;
  const Store& store;
  Callers& callers;
  const RulesInForce& rules;
  CertificateMethods& certificates;
  const Clock& clock;
  std::string boot_tag;  ///< what request ids of this process start with
  std::function<std::size_t()> requests_in_flight;
};

/// Thread-safe.
class RequestHandler {
 public:
  /// What handle() gives the answer to. Called once, on the thread of the call or later on the proof desk's.
  using Reply = std::function<void(const v1::Response&)>;

  explicit RequestHandler(HandlerWorld world);

  /// Never fails: whatever is wrong becomes an error in the answer, and an entry `rejected` in the log when it was the
  /// caller's fault.
  void handle(const internal::Call& call, const Reply& reply);

  /// Logs a peer that the front turned away.
  void log_access_failure(const internal::AccessFailure& failure);

  /// The answer to a request that there was no room for.
  [[nodiscard]] v1::Response refuse_overload(const internal::Call& call) const;

 private:
  using Payload = Result<std::string>;  // the encoded answer message

  void finish(const Request& request, const Payload& payload, const Reply& reply);
  void finish_with_proof(std::shared_ptr<const Request> request, v1::IssueResponse answer, const Reply& reply);
  [[nodiscard]] Payload answer_or_catch(const internal::Call& call, Request& request);
  [[nodiscard]] Payload answer(const internal::Call& call, Request& request);
  [[nodiscard]] Result<void> identify(const internal::Call& call, Request& request);
  [[nodiscard]] Payload trust_bundle(const Request& request) const;
  [[nodiscard]] Payload status(const Request& request) const;
  [[nodiscard]] Payload log_question(const Request& request) const;
  void log_rejection(const Request& request, const Error& error);

  HandlerWorld world_;
  LogQuestions log_questions_;
  std::atomic<std::uint64_t> last_request_{0};
  Time started_;
};

}  // namespace signet
