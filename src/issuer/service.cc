#include "issuer/service.h"

#include <sys/utsname.h>

#include <array>

#include "base/file.h"
#include "base/ops_log.h"
#include "base/version.h"

namespace signet {

namespace {

std::string host_name() {
  utsname names{};
  return uname(&names) == 0 ? names.nodename : "";
}

Result<std::string> random_tag() {
  std::array<std::uint8_t, 4> tag{};
  SIGNET_CHECK(system_rng().fill(tag));
  return to_hex(tag);
}

}  // namespace

Result<std::unique_ptr<Service>> Service::open(DaemonConfig config, ByteView policy, const std::string& policy_file,
                                               std::function<void(std::uint64_t)> on_lost) {
  std::unique_ptr<Service> service(new Service(std::move(config), std::move(on_lost)));
  SIGNET_CHECK(service->open_parts(policy, policy_file));
  SIGNET_CHECK(service->make_handler());
  return service;
}

Result<void> Service::open_parts(ByteView policy, const std::string& policy_file) {
  SIGNET_TRY(Policy parsed, Policy::parse(policy, policy_file));
  policy_ = std::make_unique<const Policy>(std::move(parsed));
  SIGNET_TRY(authorities_, load_authorities(config_));
  SIGNET_TRY(callers_, Callers::open(config_.listen.client_trust, *policy_, system_clock()));
  SIGNET_CHECK(make_directory(config_.state.directory, 0700));
  SIGNET_TRY(log_, log::EntryLog::open(config_.state.directory + "/log", system_clock()));
  SIGNET_TRY(store_, Store::open(config_.state.directory + "/store.sqlite"));
  return catch_up(*log_, *store_);
}

Result<void> Service::make_handler() {
  SIGNET_TRY(const std::string tag, random_tag());
  issuance_ = std::make_unique<Issuance>(IssuanceWorld{.authorities = authorities_,
                                                       .policy = *policy_,
                                                       .keyholders = keyholders_,
                                                       .log = *log_,
                                                       .store = *store_,
                                                       .clock = system_clock(),
                                                       .rng = system_rng(),
                                                       .sign_deadline = config_.issue.sign_deadline});
  refusals_ = std::make_unique<RefusalLog>(*log_, system_clock());
  handler_ =
      std::make_unique<RequestHandler>(HandlerWorld{.config = config_,
                                                    .authorities = authorities_,
                                                    .keyholders = keyholders_,
                                                    .log = *log_,
                                                    .refusals = *refusals_,
                                                    .store = *store_,
                                                    .callers = *callers_,
                                                    .issuance = *issuance_,
                                                    .clock = system_clock(),
                                                    .boot_tag = tag,
                                                    .requests_in_flight = [this] { return workers_->in_flight(); }});
  return {};
}

Service::~Service() {
  if (front_ != nullptr) front_->shutdown();
  if (front_reader_.joinable()) front_reader_.join();
  if (workers_ != nullptr) workers_->finish();
  if (refusals_ != nullptr) refusals_->finish();
  if (log_ != nullptr) log_->stop();
}

Result<void> Service::start() {
  SIGNET_CHECK(log_->start(*store_));
  SIGNET_CHECK(log_process(log::ProcessEvent::kStart));
  SIGNET_CHECK(issuance_->close_open_intents());
  workers_ = std::make_unique<WorkerPool>(config_.issue.workers, config_.issue.queue);
  return {};
}

Result<void> Service::log_process(log::ProcessEvent event) {
  SIGNET_TRY([[maybe_unused]] const std::uint64_t index,
             log_->append(log::process_draft(
                 event, {.process = "signet-issuer",
                         .version = std::string(kVersion),
                         .host = host_name(),
                         .cut_bytes = event == log::ProcessEvent::kStart ? log_->recovery().cut_bytes : 0})));
  return {};
}

void Service::log_crash(const internal::Crash& crash) {
  const auto logged = log_->append(log::process_draft(log::ProcessEvent::kCrash, {.process = crash.process(),
                                                                                  .signal = crash.signal(),
                                                                                  .exit_status = crash.exit_status(),
                                                                                  .restarts = crash.restarts()}));
  if (!logged.has_value()) ops::error("a crash could not be logged", {{"reason", logged.error().message}});
}

void Service::connect_front(UniqueFd socket, std::uint64_t generation) {
  if (generation <= front_generation_) return;  // of an older pair
  front_generation_ = generation;
  if (front_ != nullptr) front_->shutdown();
  if (front_reader_.joinable()) front_reader_.join();
  front_ = std::make_shared<Channel>(std::move(socket));
  front_reader_ = std::thread([this, generation, channel = front_] { read_front(channel, generation); });
}

void Service::connect_keyholder(const std::string& token, UniqueFd socket, std::uint64_t generation) {
  if (KeyholderLink* link = keyholders_.find_token(token); link != nullptr)
    link->connect(std::move(socket), generation, [this, generation] { on_lost_(generation); });
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
  const bool taken = workers_->try_submit([this, channel, call] { answer(*channel, *call, handler_->handle(*call)); });
  if (!taken) answer(*channel, *call, handler_->refuse_overload(*call));
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
  refusals_->finish();
  if (const auto logged = log_process(log::ProcessEvent::kStop); !logged.has_value()) {
    ops::error("the stop could not be logged", {{"reason", logged.error().message}});
  }
  log_->stop();
}

}  // namespace signet
