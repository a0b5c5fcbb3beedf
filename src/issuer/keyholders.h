// The issuer's side of the keyholders: asking for signatures and descriptions, with a deadline.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

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

  /// Sends the structure and waits for its signature. Whatever the error, the structure may have been signed, unless
  /// the code is kPermissionDenied (the fence). Errors: kUnavailable (not connected, or gone meanwhile),
  /// kDeadlineExceeded, or what the keyholder answered.
  [[nodiscard]] Result<SignatureValue> sign(internal::SignRequest request, std::chrono::milliseconds deadline);
  /// What the token and its keys are. Errors as above.
  [[nodiscard]] Result<internal::TokenDescription> describe(std::chrono::milliseconds deadline);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The links by token, and which key is where. Immutable but for the links. Thread-safe.
class Keyholders {
 public:
  explicit Keyholders(const DaemonConfig& config);

  /// The link of the token named `token`; null for an unknown one.
  [[nodiscard]] KeyholderLink* find_token(const std::string& token) const;
  /// The link whose token holds the key, and the token's name. The key is one of the configuration's.
  [[nodiscard]] KeyholderLink& of_key(const std::string& key) const;
  [[nodiscard]] const std::string& token_of(const std::string& key) const;
  [[nodiscard]] const std::map<std::string, std::unique_ptr<KeyholderLink>>& tokens() const noexcept { return links_; }
  [[nodiscard]] std::vector<std::string> keys_of(const std::string& token) const;

 private:
  std::map<std::string, std::unique_ptr<KeyholderLink>> links_;
  std::map<std::string, std::string> token_of_key_;
};

}  // namespace signet
