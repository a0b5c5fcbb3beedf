// The tokens: each with its keyholder, what keeps that from being started, and what keeps it from opening the token.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "supervisor/child.h"
#include "supervisor/token_door.h"

namespace signet {

struct Token {
  TokenDoor door;
  Child* keyholder;
  /// Why its keyholder does not have it open, where that may pass and nobody has to act here: it is started again until
  /// it has. Stays while that is tried; nothing when it is open.
  std::optional<Error> away = {};
};

/// Single-threaded.
class Tokens {
 public:
  /// `config` outlives it.
  Tokens(const DaemonConfig& config, std::string state_directory);

  /// Errors: those of TokenDoor::prepare().
  [[nodiscard]] Result<void> prepare(InheritedDescriptors& inherited);
  /// The keyholders and the issuer among them. They stay where they are.
  void know(std::deque<Child>& children);

  [[nodiscard]] Token* find(std::string_view name);
  [[nodiscard]] Token& of(const Child& keyholder) { return tokens_.at(keyholder.token()); }
  [[nodiscard]] std::map<std::string, Token>& all() noexcept { return tokens_; }
  /// The names, for messages: "hsm-a, hsm-b".
  [[nodiscard]] std::string names() const;

  /// It does not run, and a person has to act before it can be started.
  [[nodiscard]] bool is_held(const Child& keyholder) const;
  [[nodiscard]] bool any_is_held() const;
  /// What operators have to do, one sentence behind the other; empty when nothing.
  [[nodiscard]] std::string next_steps() const;
  /// Likewise for one token.
  [[nodiscard]] std::string next_step_for(const Token& token) const;

  /// The token cannot be had at present, because of `why`; the issuer is told, which logs its keys as lost.
  void gone_away(const Child& keyholder, Error why);
  /// The keyholder has it open, or time does not mend what keeps it from that.
  void not_away(const Child& keyholder) { of(keyholder).away.reset(); }
  [[nodiscard]] bool is_away(const Child& keyholder) const { return tokens_.at(keyholder.token()).away.has_value(); }
  /// Whether a daemon can begin: every key is on a token that is not away. Error kUnavailable, which names tokens, keys
  /// and the next step.
  [[nodiscard]] Result<void> check_keys() const;

  /// Starts it with its PIN, if nothing holds it. Errors: the PIN cannot be read, or the process not made.
  [[nodiscard]] Result<void> start(Child& keyholder);

  /// Takes the token out of use: the issuer sends it nothing more and waits for what is in flight, then the keyholder
  /// leaves. A minute later it is killed. Whether the next signetd will know is TokenDoor::drained_is_noted(), here and
  /// in undrain().
  void drain(Token& token);
  /// The issuer waits for no signature of the token any more.
  void issuer_is_done_with(std::string_view token);
  /// The issuer may use it again. Its keyholder is for the caller to start.
  void undrain(Token& token);

  /// A new one has to be told what is drained and what is away; one that died waits for nothing.
  void issuer_is_ready() const;
  void issuer_died();

 private:
  void tell_issuer(const Token& token) const;
  static void leave(Token& token);

  const DaemonConfig& config_;
  std::map<std::string, Token> tokens_;
  Child* issuer_ = nullptr;
};

}  // namespace signet
