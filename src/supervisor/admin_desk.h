// Does what operators ask for, tells them what became of it, and has it logged.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "supervisor/admin_socket.h"
#include "supervisor/log_reports.h"
#include "supervisor/reload.h"
#include "supervisor/status_report.h"
#include "supervisor/tokens.h"

namespace signet {

/// What the desk works with; everything outlives it.
struct AdminDeskWorld {
  Tokens& tokens;
  Reload& reload;
  LogReports& reports;
  const Clock& clock;
  std::function<Child&()> issuer;
  std::function<DaemonFacts()> facts;
  std::function<void(Child&)> start_keyholder;  ///< at once; what becomes of it comes back as opened() or not_opened()
  std::function<void()> go_on_reloading;
};

/// Single-threaded, and waits for nobody: an act that takes its time is answered when the supervisor says what became
/// of it.
class AdminDesk {
 public:
  using Time = AdminSocket::Time;

  /// Acts of one kind (of one token, where they are about one) that may wait for their end at the same time.
  static constexpr std::size_t kMostAlike = 16;

  explicit AdminDesk(AdminDeskWorld world, AdminSocket socket) : world_(std::move(world)), socket_(std::move(socket)) {}

  void watch(std::vector<pollfd>& watched) const { socket_.watch(watched); }
  void serve(Time now);
  void act_on_time(Time now);
  [[nodiscard]] std::optional<Time> next_time() const;

  // What the supervisor sees happen.
  void opened(const std::string& token);
  void not_opened(const std::string& token, const Error& why);
  void has_left(const std::string& token);
  void answered(const internal::IssuerStatus& status);
  void issuer_died();
  /// Nothing that waits will happen any more: whoever waits is told.
  void stop();

 private:
  /// One act, from its request to its answer.
  struct Act {
    AdminSocket::ConnectionId connection;
    AdminPeer peer;
    std::string what;
    std::string token;
    signet::Time at;
  };

  void take(AdminSocket::ConnectionId connection, const AdminPeer& peer, AdminRequest request);
  void unlock(const Act& act, const admin::Unlock& wish, Secret pin);
  [[nodiscard]] Result<void> use_pin(Token& token, const admin::Unlock& wish, Secret pin) const;
  void drain(const Act& act);
  void undrain(const Act& act);
  void reload(const Act& act);
  void open(const Act& act, Token& token);
  [[nodiscard]] Result<Token*> token_of(const Act& act);
  /// What is said of it: also that the next signetd will not know of it.
  [[nodiscard]] Result<std::string> with_note(const Act& act, const Result<std::string>& done) const;
  /// It was done, or tried. Each act ends in one of these two.
  void finish(const Act& act, const Result<std::string>& done);
  /// It changed nothing.
  void decline(const Act& act, const Result<std::string>& why);
  void tell(const Act& act, const Result<std::string>& done);
  void finish_all(std::multimap<std::string, Act>& acts, const std::string& token, const Result<std::string>& done);

  void begin_status(AdminSocket::ConnectionId connection);
  void answer_status(const internal::IssuerStatus* issuer, const std::string& silent);

  AdminDeskWorld world_;
  AdminSocket socket_;
  std::multimap<std::string, Act> opening_;   // by token
  std::multimap<std::string, Act> draining_;  // likewise
  std::size_t reloading_ = 0;                 // reloads that wait for their end
  std::vector<AdminSocket::ConnectionId> status_waits_;
  std::optional<Time> status_deadline_;    // of those
  std::optional<std::uint64_t> question_;  // that the issuer has not answered
  std::uint64_t last_question_ = 0;
};

}  // namespace signet
