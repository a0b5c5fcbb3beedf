#include "supervisor/reload.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/ops_log.h"
#include "config/hsm_profile.h"
#include "supervisor/notify.h"
#include "wire/status.h"

namespace signet {

namespace {

constexpr std::size_t kMaxConfigBytes = std::size_t{1} << 20U;

}  // namespace

void Reload::want(Told told) {
  wanted_ = true;
  if (told) to_tell_.push_back(std::move(told));
}

void Reload::go_on(Child& issuer) {
  if (!wanted_) return;
  if (offered_.has_value()) return ops::info("the reload waits for the one under way");
  if (issuer.state() != Child::State::kReady) return ops::info("the reload waits for the issuer to be ready");
  wanted_ = false;
  under_way_ = std::exchange(to_tell_, {});
  begin(issuer);
}

void Reload::begin(Child& issuer) {
  ops::info("reloading", {{"policy", loaded_.config.policy}, {"blocked_keys", loaded_.config.issue.blocked_keys}});
  tell_service_manager();
  warn_if_configuration_changed();
  auto rules = load_rules(loaded_.config);
  if (!rules.has_value()) return refuse(rules.error());
  internal::SupervisorToChild message;
  message.mutable_reload();
  if (const auto sent = issuer.send(message, descriptors_of(*rules)); !sent.has_value()) return refuse(sent.error());
  offered_ = *std::move(rules);
}

void Reload::answered(const internal::Reloaded& answer, Child& issuer) {
  if (!offered_.has_value()) return;
  FrozenRules rules = *std::exchange(offered_, std::nullopt);
  if (answer.has_refused()) return refuse(from_failure(answer.refused()));
  loaded_.rules = std::move(rules);
  issuer.replace_descriptors(issuer_descriptors(loaded_));
  ops::info("reloaded", {{"policy_sha256", to_hex(loaded_.rules.policy_sha256)}});
  end({});
}

void Reload::issuer_died() {
  if (!std::exchange(offered_, std::nullopt).has_value()) return;
  refuse(Error{.code = ErrorCode::kUnavailable,
               .message = "the issuer died before it answered; look why, then send SIGHUP again"});
}

void Reload::stop() {
  wanted_ = false;
  offered_.reset();
  const Result<void> stopping = fail(ErrorCode::kUnavailable, "signetd is stopping");
  for (auto* const waiting : {&under_way_, &to_tell_}) {
    for (const Told& told : std::exchange(*waiting, {})) told(stopping);
  }
}

void Reload::refuse(const Error& error) {
  for (std::string_view rest = error.message; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    ops::error("not reloaded, the old policy stays in force", {{"reason", std::string(rest.substr(0, end))}});
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  end(std::unexpected(error));
}

void Reload::warn_if_configuration_changed() const {
  const auto warn_unless = [](const Result<Bytes>& text, const Sha256& hash, const std::string& file) {
    if (text.has_value() && sha256(*text) == hash) return;
    ops::warning("the configuration has changed; that takes effect when signetd is started again", {{"file", file}});
  };
  warn_unless(read_file(loaded_.config_file, kMaxConfigBytes, FileTrust::kNotWritable, "--config"),
              loaded_.config.sha256, loaded_.config_file);
  for (const auto& [name, profile] : loaded_.profiles) {
    const std::string& file = loaded_.config.tokens.at(name).profile;
    warn_unless(read_hsm_profile(file), profile.sha256, file);
  }
}

void Reload::tell_service_manager() const {
  if (!announced_) return;
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  notify_service_manager(fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                                     std::chrono::duration_cast<std::chrono::microseconds>(now).count()));
}

void Reload::end(const Result<void>& result) {
  if (announced_) notify_service_manager("READY=1");
  for (const Told& told : std::exchange(under_way_, {})) told(result);
}

}  // namespace signet
