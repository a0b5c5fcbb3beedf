// SIGHUP: another policy for the issuer, and for every later start of it.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "supervisor/child.h"
#include "supervisor/plan.h"

namespace signet {

/// Reads the policy and the list of blocked keys again and offers them to the issuer. They are in force when the issuer
/// says so, and from then on they are what it is started with. Whatever goes wrong before, the old ones are: in the
/// issuer that runs, and in the next one. Single-threaded.
class Reload {
 public:
  /// `loaded` outlives it, and is where the rules in force are.
  explicit Reload(LoadedConfig& loaded) : loaded_(loaded) {}

  /// What became of a reload: nothing when the new rules are in force.
  using Told = std::function<void(const Result<void>&)>;

  /// One at a time: whoever wants one meanwhile, or while the issuer is being started, gets another one behind it.
  /// `told` is called once, when that one has ended.
  void want(Told told = {});
  /// Offers what is wanted, if the issuer is ready for it.
  void go_on(Child& issuer);
  /// The issuer's answer.
  void answered(const internal::Reloaded& answer, Child& issuer);
  /// With the reload in its hands, perhaps. It is not offered again by itself: it may be what killed the issuer.
  void issuer_died();
  /// There will be none any more: whoever waits for one is told so. What the issuer may still answer changes nothing.
  void stop();

  /// Whether the service manager knows the daemon as ready, so that it is to be told of reloads (sd_notify(3),
  /// Type=notify-reload).
  void set_announced(bool announced) noexcept { announced_ = announced; }

 private:
  void begin(Child& issuer);
  void refuse(const Error& error);
  void warn_if_configuration_changed() const;
  void tell_service_manager() const;
  void end(const Result<void>& result);

  LoadedConfig& loaded_;
  bool wanted_ = false;
  std::vector<Told> to_tell_;           // of the reload that is wanted
  std::vector<Told> under_way_;         // of the one that has begun
  std::optional<FrozenRules> offered_;  // that the issuer has not answered yet
  bool announced_ = false;
};

}  // namespace signet
