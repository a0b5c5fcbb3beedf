#include "issuer/service.h"

#include <array>

#include "base/file.h"
#include "base/ops_log.h"
#include "issuer/log_life.h"
#include "issuer/succession.h"

namespace signet {

namespace {

constexpr std::chrono::seconds kProofPatience{10};   // beyond the interval of checkpoints
constexpr std::chrono::seconds kLastCheckpoint{10};  // the longest that the one at shutdown may take

Result<std::string> random_tag() {
  std::array<std::uint8_t, 4> tag{};
  SIGNET_CHECK(system_rng().fill(tag));
  return to_hex(tag);
}

KnownSettings settings_with(const DaemonConfig& config, const Rules& rules) {
  return {.config_sha256 = config.sha256,
          .policy_sha256 = rules.policy.sha256(),
          .blocked_keys_sha256 = rules.blocked_keys_sha256};
}

}  // namespace

Result<void> Service::open() {
  SIGNET_CHECK(open_authorities());
  return open_log_and_store();
}

Result<void> Service::open_authorities() {
  SIGNET_TRY(authorities_, load_authorities(config_));
  SIGNET_TRY(bundle_, load_trust_bundle(config_.trust, authorities_));
  SIGNET_TRY(own_keys_, load_own_keys(config_, bundle_));
  SIGNET_TRY(callers_, Callers::open(config_.listen.client_trust, clock_));
  return {};
}

Result<void> Service::open_log_and_store() {
  SIGNET_CHECK(make_directory(config_.state.directory, 0700));
  SIGNET_TRY(LogParts log, open_log(config_, own_log(config_), keyholders_, clock_));
  log_.emplace(std::move(log));
  SIGNET_CHECK(check_not_sealed(*log_));
  SIGNET_CHECK(make_directory(config_.state.store_directory(), 0700));
  SIGNET_TRY(store_, Store::open(config_.state.store_file(), {.min_free_bytes = config_.log.min_free_bytes()}));
  return catch_up_logs(config_, *log_->entries, *store_, clock_);
}

// The order of the steps is that of docs/issuance.md. Nothing is signed for anybody before the last of them.
Result<void> Service::start() {
  SIGNET_CHECK(check_memory_when_there(*log_, keyholders_));
  SIGNET_TRY(auto predecessor, predecessor_of_new_log());
  SIGNET_CHECK(log_->entries->start(*store_));
  if (log_->entries->size() == 0)
    SIGNET_CHECK(begin_log(*log_, config_, rules_.now()->policy.sha256(), std::move(predecessor)));
  SIGNET_CHECK(begin());
  SIGNET_CHECK(log_->publisher->start(*log_->key));
  SIGNET_CHECK(make_handler());
  housekeeper_->start();
  workers_ = std::make_unique<WorkerPool>(config_.issue.workers, config_.issue.queue);
  return {};
}

Result<std::optional<log::Predecessor>> Service::predecessor_of_new_log() {
  if (log_->entries->size() != 0 || !config_.log.predecessor.has_value()) return std::nullopt;
  SIGNET_TRY(log::Predecessor ended, end_predecessor(*config_.log.predecessor, {.config = config_,
                                                                                .keyholders = keyholders_,
                                                                                .store = *store_,
                                                                                .clock = clock_,
                                                                                .successor = log_->verifier}));
  return ended;
}

/// This process's first entries.
Result<void> Service::begin() {
  log::EntryLog& entries = *log_->entries;
  SIGNET_CHECK(append_process(entries, log::ProcessEvent::kStart));
  SIGNET_CHECK(append_changed_settings(entries, *store_, settings_with(config_, *rules_.now()), kByRestart));
  tokens_ = std::make_unique<TokenWatch>(TokenWatchWorld{.config = config_,
                                                         .keyholders = keyholders_,
                                                         .log = entries,
                                                         .publisher = *log_->publisher,
                                                         .log_key = *log_->key,
                                                         .gate = gate_});
  SIGNET_CHECK(tokens_->look());
  SIGNET_CHECK(close_open_intents(entries, *store_));
  housekeeper_ = std::make_unique<Housekeeper>(HousekeeperWorld{.config = config_.log,
                                                                .log = entries,
                                                                .publisher = *log_->publisher,
                                                                .store = *store_,
                                                                .clock = clock_,
                                                                .gate = gate_,
                                                                .tokens = *tokens_,
                                                                .wake_up = wake_up_});
  return {};
}

Result<void> Service::make_handler() {
  SIGNET_TRY(const std::string tag, random_tag());
  issuance_ = std::make_unique<Issuance>(IssuanceWorld{.authorities = authorities_,
                                                       .keyholders = keyholders_,
                                                       .gate = gate_,
                                                       .log = *log_->entries,
                                                       .store = *store_,
                                                       .clock = clock_,
                                                       .rng = system_rng(),
                                                       .sign_deadline = config_.issue.sign_deadline,
                                                       .own_keys = own_keys_});
  certificates_ = std::make_unique<CertificateMethods>(CertificateMethodsWorld{
      .authorities = authorities_, .store = *store_, .issuance = *issuance_, .rates = rates_, .clock = clock_});
  refusals_ = std::make_unique<RefusalLog>(*log_->entries, clock_);
  proof_desk_ = std::make_unique<ProofDesk>(*log_->publisher, clock_, config_.log.checkpoint_interval + kProofPatience);
  handler_ = std::make_unique<RequestHandler>(
      HandlerWorld{.config = config_,
                   .authorities = authorities_,
                   .bundle = bundle_,
                   .keyholders = keyholders_,
                   .gate = gate_,
                   .log = *log_->entries,
                   .publisher = *log_->publisher,
                   .proof_desk = *proof_desk_,
                   .refusals = *refusals_,
                   .store = *store_,
                   .callers = *callers_,
                   .rules = rules_,
                   .certificates = *certificates_,
                   .clock = clock_,
                   .boot_tag = tag,
                   .requests_in_flight = [this] { return workers_->in_flight() + proof_desk_->waiting(); }});
  return {};
}

Service::~Service() {
  if (front_ != nullptr) front_->shutdown();
  if (front_reader_.joinable()) front_reader_.join();
  if (workers_ != nullptr) workers_->finish();
  if (proof_desk_ != nullptr) proof_desk_->finish();
  if (housekeeper_ != nullptr) housekeeper_->finish();
  if (refusals_ != nullptr) refusals_->finish();
  if (log_.has_value()) {
    log_->publisher->stop(std::chrono::milliseconds(0));
    log_->entries->stop();
  }
}

bool Service::log_crash(const internal::Crash& crash) {
  const auto logged =
      log_->entries->append(log::process_draft(log::ProcessEvent::kCrash, {.process = crash.process(),
                                                                           .signal = crash.signal(),
                                                                           .exit_status = crash.exit_status(),
                                                                           .restarts = crash.restarts()}),
                            log::Urgency::kEssential);
  if (!logged.has_value()) ops::error("a crash could not be logged", {{"reason", logged.error().message}});
  return logged.has_value();
}

bool Service::log_admin_act(const internal::AdminAct& act) {
  const auto logged = log_->entries->append(log::admin_draft({.act = act.act(),
                                                              .token = act.token(),
                                                              .uid = act.uid(),
                                                              .pid = act.pid(),
                                                              .at = Time(std::chrono::microseconds(act.at_micros())),
                                                              .failure = act.failure()}),
                                            log::Urgency::kEssential);
  if (!logged.has_value()) ops::error("an operator's act could not be logged", {{"reason", logged.error().message}});
  return logged.has_value();
}

void Service::use_token(const internal::TokenUse& use, std::function<void()> on_drained) {
  KeyholderLink* link = keyholders_.find_token(use.token());
  if (link == nullptr) return;
  if (use.drained()) {
    link->drain(std::move(on_drained));
  } else {
    link->undrain();
  }
  link->set_away(use.away());
  if (use.away()) wake_up_.wake();
}

internal::IssuerStatus Service::status() const {
  internal::IssuerStatus status;
  const auto issuing = gate_.check();
  if (!issuing.has_value()) status.set_not_issuing(issuing.error().message);
  if (log_->entries->failed()) status.set_not_issuing("the audit log cannot be written any more");
  status.set_log_size(log_->entries->size());
  const log::Published newest = log_->publisher->newest();
  status.set_checkpoint_size(newest.size);
  status.set_checkpoint_micros(newest.size == 0 ? 0 : newest.time.time_since_epoch().count());
  status.set_issued(store_->issued_count());
  status.set_requests_in_flight(workers_->in_flight() + proof_desk_->waiting());
  for (const auto& [name, link] : keyholders_.tokens()) {
    internal::TokenLink& token = *status.add_tokens();
    token.set_token(name);
    token.set_connected(link->connected());
    token.set_in_flight(link->in_flight());
  }
  return status;
}

// The entry is durable before the first request that is judged by what it names. A crash in between leaves an entry
// more: the next start says what is in force then.
Result<void> Service::reload(std::shared_ptr<const Rules> rules) {
  SIGNET_CHECK(append_changed_settings(*log_->entries, *store_, settings_with(config_, *rules), kByReload));
  rules_.replace(rules);
  rates_.keep_only(rules->policy);
  return {};
}

void Service::connect_keyholder(const std::string& token, UniqueFd socket, std::uint64_t generation) {
  KeyholderLink* link = keyholders_.find_token(token);
  if (link == nullptr) return;
  link->connect(std::move(socket), generation, [this, generation] {
    wake_up_.wake();
    on_lost_(generation);
  });
  wake_up_.wake();
}

void Service::connect_front(UniqueFd socket, std::uint64_t generation) {
  if (generation <= front_generation_) return;  // of an older pair
  front_generation_ = generation;
  if (front_ != nullptr) front_->shutdown();
  if (front_reader_.joinable()) front_reader_.join();
  front_ = std::make_shared<Channel>(std::move(socket));
  front_reader_ = std::thread([this, generation, channel = front_] { read_front(channel, generation); });
}

void Service::read_front(const std::shared_ptr<Channel>& channel, std::uint64_t generation) {
  while (true) {
    auto message = channel->receive<internal::FrontToIssuer>();
    if (!message.has_value()) break;
    dispatch(channel, *std::move(message));
  }
  channel->shutdown();  // the front hears of it, whichever side it came from
  on_lost_(generation);
}

void Service::dispatch(const std::shared_ptr<Channel>& channel, internal::FrontToIssuer message) {
  // At once, so that no flood of requests crowds it out; the handler bounds how much of it reaches the log.
  if (message.has_access_failure()) return handler_->log_access_failure(message.access_failure());
  if (!message.has_call()) return;
  const auto call = std::make_shared<internal::Call>(std::move(*message.mutable_call()));
  const auto reply = [channel, call](const v1::Response& response) { answer(*channel, *call, response); };
  const bool taken = workers_->try_submit([this, call, reply] { handler_->handle(*call, reply); });
  if (!taken) reply(handler_->refuse_overload(*call));
}

void Service::answer(Channel& channel, const internal::Call& call, const v1::Response& response) {
  internal::IssuerToFront reply;
  reply.set_id(call.id());
  reply.set_response(response.SerializeAsString());
  // A front that has gone took its client's connection with it; the client repeats the request.
  static_cast<void>(channel.send(reply));
}

void Service::finish() {
  workers_->finish();
  proof_desk_->finish();
  housekeeper_->finish();
  refusals_->finish();
  if (const auto logged = append_process(*log_->entries, log::ProcessEvent::kStop); !logged.has_value()) {
    ops::error("the stop could not be logged", {{"reason", logged.error().message}});
  }
  log_->publisher->stop(kLastCheckpoint);
  if (log_->publisher->newest().size != log_->entries->size())
    ops::warning("no checkpoint covers the end of the log; the next start makes one");
  log_->entries->stop();
}

}  // namespace signet
