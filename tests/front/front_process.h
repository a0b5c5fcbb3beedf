// The real signet-front, with the test in the place of supervisor and issuer.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "pki.h"
#include "support/temp_directory.h"
#include "wire/channel.h"
#include "wire/control.h"
#include "wire/internal.pb.h"

namespace signet::test {

/// The trust of a test's daemon and its files.
struct Site {
  TempDirectory directory;
  Identity server_root = make_root("Server Root");
  Identity server = make_leaf(server_root, "daemon.example", {.extended_key_usage = "serverAuth"});
  Identity client_root = make_root("Client Root");
  Identity client_intermediate = make_intermediate(client_root, "Client Intermediate");
  std::map<std::string, std::string> listen_options = {};  ///< further keys of [listen], values as TOML writes them

  /// Writes the files and returns the text of signet.toml.
  [[nodiscard]] std::string write() const;
  [[nodiscard]] std::string config_file() const { return directory / "signet.toml"; }
};

/// The issuer's end of a channel. Every wait is bounded: what does not come within 10 s is nothing.
class FakeIssuer {
 public:
  explicit FakeIssuer(UniqueFd socket) : channel_(std::make_unique<Channel>(std::move(socket))) {}

  [[nodiscard]] std::optional<internal::FrontToIssuer> next(std::chrono::milliseconds wait = std::chrono::seconds(10));
  /// The next message, which must be of this kind.
  [[nodiscard]] internal::Call next_call();
  [[nodiscard]] internal::AccessFailure next_report();
  void answer(const internal::Call& call, const std::string& payload);
  void close() { channel_.reset(); }

 private:
  std::unique_ptr<Channel> channel_;
};

class FrontProcess {
 public:
  /// Starts the program and sends Start; `config` is signet.toml's text.
  FrontProcess(const std::string& config, const std::string& config_file);
  /// Kills it, if it still runs.
  ~FrontProcess();
  FrontProcess(const FrontProcess&) = delete;
  FrontProcess& operator=(const FrontProcess&) = delete;

  /// The next message of the program to its supervisor; nothing at the end or after 20 s.
  [[nodiscard]] std::optional<internal::ChildToSupervisor> next_message();
  /// Gives it a new issuer.
  [[nodiscard]] FakeIssuer connect_issuer(std::uint64_t generation = 1);
  void drain();
  void close_control() { control_.reset(); }

  /// Waits up to 30 s for its end: its exit status, or 1000 + the signal that ended it, or -1 when it still runs.
  [[nodiscard]] int wait_for_exit();
  /// A value of /proc/<pid>/status, such as "Seccomp".
  [[nodiscard]] std::string status_value(const std::string& key) const;
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

 private:
  std::optional<ControlChannel> control_;
  std::uint16_t port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace signet::test
