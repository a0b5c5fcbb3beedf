// The issuer's side of the keyholders: asking for signatures and descriptions, with a deadline.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "config/daemon_config.h"
#include "wire/internal.pb.h"

namespace signet {

/// The connection to one token's keyholder, which may come and go. Thread-safe.
class KeyholderLink {
 public:
  KeyholderLink();
  ~KeyholderLink();
  KeyholderLink(const KeyholderLink&) = delete;
  KeyholderLink& operator=(const KeyholderLink&) = delete;

  /// A new keyholder is at the other end of `socket`; whatever waits for the one before it fails. `on_lost` is called
  /// once, on a thread of the link, when this connection has ended.
  void connect(UniqueFd socket, std::uint64_t generation, std::function<void()> on_lost);
  [[nodiscard]] bool connected() const;
  /// The generation of the connection, if it is open; 0 if there is none.
  [[nodiscard]] std::uint64_t generation() const;
  /// Waits until there is a connection; false after `patience`.
  [[nodiscard]] bool wait_connected(std::chrono::milliseconds patience) const;
  /// How many keyholders came after the first.
  [[nodiscard]] std::uint32_t reconnects() const;
  /// An operator takes the token out of use: from now on sign() refuses, with kUnavailable. `on_idle` is called once,
  /// on any thread, when nobody waits for a signature any more.
  void drain(std::function<void()> on_idle);
  void undrain();
  [[nodiscard]] bool drained() const noexcept;
  /// signetd could not have the token opened, and goes on trying: until the next connection.
  void set_away(bool away) noexcept;
  [[nodiscard]] bool away() const noexcept;
  /// There is a connection, and no operator took the token out of use.
  [[nodiscard]] bool usable() const { return connected() && !drained(); }
  /// How many callers wait for a signature.
  [[nodiscard]] std::uint32_t in_flight() const noexcept;
  /// How many signatures were asked for since the start.
  [[nodiscard]] std::uint64_t asked() const noexcept;
  /// TokenTrust of the connection, if there is one: false without.
  [[nodiscard]] bool doubted() const;
  [[nodiscard]] bool take_trial(std::chrono::microseconds now) const;

  /// What is held against a signature before the keyholder that made it is trusted for it.
  using SignatureCheck = std::function<Result<void>(const SignatureValue& signature)>;

  /// Sends the structure and waits for its signature; the keyholder is told the deadline. Whatever the error, the
  /// structure may have been signed, unless the code is kPermissionDenied (the fence). Errors: kUnavailable (not
  /// connected, or gone meanwhile), kDeadlineExceeded, what the keyholder answered, kInternal (something that is no
  /// signature), or that of `check`: the last two count as failures of the token like all others (TokenTrust).
  [[nodiscard]] Result<SignatureValue> sign(internal::SignRequest request, std::chrono::milliseconds deadline,
                                            const SignatureCheck& check = {});
  /// What the keyholder of this generation refused, another token's signed: that was no refusal but a failure. Nothing
  /// happens when that keyholder has gone.
  void refused_alone(std::uint64_t generation);
  /// What the token and its keys are. Errors as above.
  [[nodiscard]] Result<internal::TokenDescription> describe(std::chrono::milliseconds deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The links by token, and which keys are where. Immutable but for the links. Thread-safe.
class Keyholders {
 public:
  explicit Keyholders(const DaemonConfig& config);

  /// The link of the token named `token`; null for an unknown one.
  [[nodiscard]] KeyholderLink* find_token(const std::string& token) const;
  /// The tokens that hold the key, in the configuration's order. The key is one of the configuration's, here and below.
  [[nodiscard]] const std::vector<std::string>& tokens_of(const std::string& key) const;
  /// The first of them, and its link: of a log key the only one.
  [[nodiscard]] const std::string& token_of(const std::string& key) const { return tokens_of(key).front(); }
  [[nodiscard]] KeyholderLink& of_key(const std::string& key) const;
  /// Some token that holds the key can be asked.
  [[nodiscard]] bool can_sign(const std::string& key) const;
  [[nodiscard]] const std::map<std::string, std::unique_ptr<KeyholderLink>>& tokens() const noexcept { return links_; }
  [[nodiscard]] std::vector<std::string> keys_of(const std::string& token) const;

 private:
  std::map<std::string, std::unique_ptr<KeyholderLink>> links_;
  std::map<std::string, std::vector<std::string>> tokens_of_key_;
};

/// The tokens that one request may go to, one after the other, within one deadline that begins now. Not thread-safe;
/// `keyholders` and `clock` outlive it.
class SigningRoute {
 public:
  /// One token's turn. Its patience is what is left of the deadline, shared with the tokens that were not tried yet: so
  /// one that hangs leaves the next one time.
  struct Turn {
    KeyholderLink* link = nullptr;
    std::uint64_t generation = 0;  ///< of the link, as the turn begins
    std::string token;
    std::chrono::milliseconds patience{0};
  };

  SigningRoute(const Keyholders& keyholders, const std::string& key, std::chrono::milliseconds deadline,
               const Clock& clock);

  /// Of the key's tokens that are connected and had no turn: one that is doubted and due for a trial (TokenTrust), else
  /// the one with the least in flight among those that are not doubted, if there are any; among equals, the one that
  /// was asked for fewer signatures. Nothing when there is none, or less time is left than a signature takes.
  [[nodiscard]] std::optional<Turn> next();

 private:
  [[nodiscard]] std::vector<std::string> untried() const;
  [[nodiscard]] const std::string& choose(const std::vector<std::string>& candidates) const;

  const Keyholders& keyholders_;
  const std::vector<std::string>& tokens_;
  const Clock& clock_;
  const std::chrono::microseconds give_up_at_;
  std::set<std::string> tried_;
};

}  // namespace signet
