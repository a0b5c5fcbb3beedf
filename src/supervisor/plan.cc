#include "supervisor/plan.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/ops_log.h"
#include "base/trusted_clock.h"
#include "config/hsm_profile.h"
#include "policy/escalation.h"
#include "policy/policy.h"
#include "wire/control.h"
#include "x509/blocked_keys.h"

namespace signet {

namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20U;
constexpr int kBacklog = 512;

IssuerLimits issuer_limits(const DaemonConfig& config) {
  IssuerLimits limits;
  for (const auto& [name, issuer] : config.issuers) {
    const FenceConfig& fence = config.keys.at(issuer.key).fence;
    limits.emplace(name, IssuerLimit{.longest_validity = fence.longest_validity,
                                     .clock_tolerance = fence.clock_tolerance,
                                     .end_entities = fence.may_sign.contains(ArtifactKind::kEndEntityCertificate),
                                     .cas = fence.may_sign.contains(ArtifactKind::kCaCertificate),
                                     .longest_path = fence.longest_path,
                                     .extensions = fence.extensions,
                                     .ocsp_responders = fence.ocsp_responder,
                                     .retiring = issuer.state == IssuerState::kRetiring,
                                     .eku = fence.eku,
                                     .every_eku = fence.every_eku,
                                     .longest_ca_validity = fence.longest_ca_validity});
  }
  return limits;
}

Result<FrozenProfile> freeze_hsm_profile(const TokenConfig& token) {
  FrozenProfile frozen;
  SIGNET_TRY(const Bytes text, read_hsm_profile(token.profile, fmt::format("token.{}.profile", token.name)));
  SIGNET_TRY(const HsmProfile profile, hsm_setup_of(text, installation_of(token)));
  SIGNET_TRY([[maybe_unused]] const std::string module, find_module(profile));
  frozen.sha256 = sha256(text);
  frozen.unix_sockets = !profile.sandbox.unix_sockets.empty();
  SIGNET_TRY(frozen.memory, sealed_memory_file("signet-hsm-profile", text));
  return frozen;
}

Result<void> freeze_hsm_profiles(LoadedConfig& loaded) {
  for (const auto& [name, token] : loaded.config.tokens) {
    SIGNET_TRY(FrozenProfile frozen, freeze_hsm_profile(token));
    loaded.profiles.emplace(name, std::move(frozen));
  }
  return {};
}

}  // namespace

Result<LoadedConfig> load_configuration(const std::string& config_file) {
  LoadedConfig loaded;
  loaded.config_file = config_file;
  SIGNET_TRY(const Bytes config_text, read_file(config_file, kMaxConfigBytes, FileTrust::kNotWritable, "--config"));
  SIGNET_TRY(loaded.config, parse_daemon_config(config_text, config_file));
  SIGNET_TRY(loaded.rules, load_rules(loaded.config));
  SIGNET_CHECK(freeze_hsm_profiles(loaded));
  SIGNET_TRY(loaded.users, find_child_users(loaded.config.run));
  SIGNET_TRY(loaded.config_memory, sealed_memory_file("signet-config", config_text));
  return loaded;
}

std::vector<int> issuer_descriptors(const LoadedConfig& loaded) {
  std::vector<int> descriptors = descriptors_of(loaded.rules);
  descriptors.insert(descriptors.begin(), loaded.config_memory.get());
  return descriptors;
}

std::vector<int> descriptors_of(const FrozenRules& rules) {
  std::vector<int> descriptors{rules.policy.get()};
  if (rules.blocked_keys.valid()) descriptors.push_back(rules.blocked_keys.get());
  return descriptors;
}

namespace {

Result<void> freeze_policy(const DaemonConfig& config, FrozenRules& rules) {
  SIGNET_TRY(const Bytes text, read_file(config.policy, kMaxConfigBytes, FileTrust::kNotWritable, "policy"));
  SIGNET_TRY(const Policy policy, Policy::parse(text, config.policy));
  SIGNET_CHECK(check_issuers(policy, issuer_limits(config)));
  for (const std::string& escalation : escalations(policy))
    ops::warning("one client can become another", {{"policy", config.policy}, {"how", escalation}});
  rules.policy_sha256 = policy.sha256();
  SIGNET_TRY(rules.policy, sealed_memory_file("signet-policy", text));
  return {};
}

Result<void> freeze_blocked_keys(const DaemonConfig& config, FrozenRules& rules) {
  const std::string& file = config.issue.blocked_keys;
  if (file.empty()) return {};
  SIGNET_TRY(const Bytes text,
             read_file(file, BlockedKeys::kLargestFile_bytes, FileTrust::kNotWritable, "issue.blocked_keys"));
  SIGNET_CHECK(BlockedKeys::parse(text, file));
  SIGNET_TRY(rules.blocked_keys, sealed_memory_file("signet-blocked-keys", text));
  return {};
}

}  // namespace

Result<FrozenRules> load_rules(const DaemonConfig& config) {
  FrozenRules rules;
  auto policy = freeze_policy(config, rules);
  const auto blocked_keys = freeze_blocked_keys(config, rules);
  if (policy.has_value() && blocked_keys.has_value()) return rules;
  if (policy.has_value()) return std::unexpected(blocked_keys.error());
  Error error = std::move(policy).error();
  if (!blocked_keys.has_value()) error.message += "\n" + blocked_keys.error().message;
  return std::unexpected(std::move(error));
}

namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
};

Result<SocketAddress> socket_address(const ListenAddress& address) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(address.port);
  if (const int status = getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found); status != 0) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}", address.text(), gai_strerror(status)),
                "listen.address");
  }
  SocketAddress result;
  std::copy_n(reinterpret_cast<const char*>(found->ai_addr), found->ai_addrlen,
              reinterpret_cast<char*>(&result.storage));
  result.size = found->ai_addrlen;
  freeaddrinfo(found);
  return result;
}

}  // namespace

Result<UniqueFd> open_listener(const ListenAddress& address) {
  SIGNET_TRY(SocketAddress target, socket_address(address));
  UniqueFd listener{socket(target.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const auto failed = [&] { return fail_errno(errno, "cannot listen on " + address.text(), "listen.address"); };
  if (!listener.valid()) return failed();
  const int on = 1;
  if (setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return failed();
  if (bind(listener.get(), target.get(), target.size) != 0) return failed();
  if (listen(listener.get(), kBacklog) != 0) return failed();
  return listener;
}

Result<std::string> address_of(const UniqueFd& listener) {
  SocketAddress bound;
  bound.size = sizeof bound.storage;
  if (getsockname(listener.get(), bound.get(), &bound.size) != 0) return fail_errno(errno, "getsockname");
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  if (const int status = getnameinfo(bound.get(), bound.size, host.data(), host.size(), port.data(), port.size(),
                                     NI_NUMERICHOST | NI_NUMERICSERV);
      status != 0) {
    return fail(ErrorCode::kInternal, gai_strerror(status));
  }
  return ListenAddress{.host = host.data(), .port = static_cast<std::uint16_t>(std::stoi(port.data()))}.text();
}

namespace {

/// The processes stand beside signetd (a build tree) or in ../libexec/signet (installed).
Result<std::string> find_program(const std::string& program) {
  std::array<char, 4096> self{};
  const ssize_t size = readlink("/proc/self/exe", self.data(), self.size() - 1);
  if (size <= 0) return fail_errno(errno, "/proc/self/exe");
  const std::string folder = directory_of(std::string(self.data(), static_cast<std::size_t>(size)));
  for (const std::string& where : {folder, folder + "/../libexec/signet"}) {
    const std::string path = where + "/" + program;
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return fail(
      ErrorCode::kFailedPrecondition,
      fmt::format("{} is neither in {} nor in {}/../libexec/signet; install signet again", program, folder, folder));
}

Result<ChildPlan> plan_child(const LoadedConfig& loaded, const std::string& program, std::vector<int> descriptors) {
  ChildPlan plan;
  plan.process = program;
  SIGNET_TRY(plan.path, find_program(program));
  plan.start.set_config_file(loaded.config_file);
  plan.descriptors = std::move(descriptors);
  return plan;
}

internal::ClockReference clock_reference() {
  const ClockReference now = ClockReference::of(system_clock());
  internal::ClockReference message;
  message.set_wall_micros(now.wall.time_since_epoch().count());
  message.set_monotonic_micros(now.monotonic.count());
  return message;
}

}  // namespace

Result<std::vector<ChildPlan>> plan_children(const LoadedConfig& loaded, const UniqueFd& listener) {
  std::vector<ChildPlan> plans;
  const int config = loaded.config_memory.get();
  for (const auto& [name, token] : loaded.config.tokens) {
    SIGNET_TRY(ChildPlan keyholder,
               plan_child(loaded, "signet-keyholder", {config, loaded.profiles.at(name).memory.get()}));
    keyholder.start.set_token(name);
    keyholder.longest_silence = loaded.config.issue.sign_deadline;
    keyholder.longest_delay = std::min<std::chrono::milliseconds>(keyholder.longest_delay, keyholder.longest_silence);
    keyholder.user = loaded.users.keyholder;
    plans.push_back(std::move(keyholder));
  }
  SIGNET_TRY(ChildPlan issuer, plan_child(loaded, "signet-issuer", issuer_descriptors(loaded)));
  *issuer.start.mutable_clock() = clock_reference();
  issuer.user = loaded.users.issuer;
  plans.push_back(std::move(issuer));
  SIGNET_TRY(ChildPlan front, plan_child(loaded, "signet-front", {config, listener.get()}));
  front.user = loaded.users.front;
  plans.push_back(std::move(front));
  return plans;
}

}  // namespace signet
