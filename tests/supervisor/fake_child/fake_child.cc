// Takes the place of signet-front, signet-issuer and signet-keyholder, whichever its argv[0] says. Beside the
// configuration that Start names it reads NAME.script.RESTARTS (or NAME.script; without either, "ready" and "serve"),
// a command in each line. Of a keyholder, NAME(TOKEN).script.RESTARTS and NAME(TOKEN).script come first.
//   ready              says that it is ready; a keyholder says from then on that it lives
//   login              a keyholder says that it is about to give the PIN to the token
//   still              a keyholder says that it is still starting
//   mute               a keyholder does not, from then on
//   wait MILLISECONDS
//   fail CODE TEXT     says Failure (retryable where the code is 14, UNAVAILABLE), and leaves with status 1
//   leave STATUS       without a word
//   die                ends by SIGKILL
//   meet COUNT         takes messages until so many peers were introduced
//   lose GENERATION    says PeerLost
//   say FIELD          says the message of ChildToSupervisor that this field has, whoever it is for, with report 1
//   await FILE         waits until there is such a file beside the configuration
//   hang up            closes the control socket and stays
//   serve              takes messages until it is told to drain; leaves then, or when the supervisor has gone
// It appends to NAME.seen, a keyholder to NAME(TOKEN).seen too, what it is told (the issuer also the first line of each
// policy, a keyholder that of its profile), and to "drained" its name
// when it is told to drain. A reload is taken, unless there is a file "reload.refuse" (with the reason) or
// "reload.die"; it is answered when there is no file "reload.wait".
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "wire/control.h"
#include "wire/internal.pb.h"

namespace {

using namespace signet;

struct FakeChild {
  ControlChannel control;
  std::string name;
  std::string name_with_token;
  std::string directory;
  std::atomic<bool> mute{false};

  void note(const std::string& line) const {
    for (const std::string& who : std::set{name, name_with_token})
      std::ofstream(directory + "/" + who + ".seen", std::ios::app) << line + "\n";
  }

  void say(const internal::ChildToSupervisor& message) {
    if (!control.send(message).has_value()) _exit(9);
  }

  /// As long as this process lives.
  [[noreturn]] void say_that_it_lives() {
    internal::ChildToSupervisor message;
    message.mutable_alive();
    while (true) {
      if (!mute && !control.send(message).has_value()) _exit(0);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

  void say_failure(std::istream& arguments) {
    internal::ChildToSupervisor message;
    unsigned code = 0;
    arguments >> code >> std::ws;
    message.mutable_failed()->set_code(code);
    message.mutable_failed()->set_retryable(code == 14);
    std::getline(arguments, *message.mutable_failed()->mutable_message());
    say(message);
    _exit(1);
  }

  /// Of a file that came along.
  [[nodiscard]] static std::string first_line_of(const UniqueFd& descriptor) {
    const auto text = read_memory_file(descriptor.get(), 65'536);
    if (!text.has_value()) return "unreadable";
    const std::string_view all = text_of(*text);
    return std::string(all.substr(0, all.find('\n')));
  }

  void take_reload(const std::vector<UniqueFd>& descriptors) {
    note("reload " + (descriptors.empty() ? "without a policy" : first_line_of(descriptors.front())));
    if (std::ifstream(directory + "/reload.die")) raise(SIGKILL);
    while (std::ifstream(directory + "/reload.wait")) usleep(10'000);
    internal::ChildToSupervisor message;
    message.mutable_reloaded();
    if (std::ifstream why(directory + "/reload.refuse"); why) {
      message.mutable_reloaded()->mutable_refused()->set_code(14);
      std::getline(why, *message.mutable_reloaded()->mutable_refused()->mutable_message());
    }
    say(message);
  }

  void take_crash(const internal::SupervisorToChild& report) {
    note("crash " + report.crash().process() + " " + std::to_string(report.crash().signal()));
    internal::ChildToSupervisor answer;
    answer.mutable_recorded()->set_report(report.report());
    say(answer);
  }

  void take_act(const internal::SupervisorToChild& report) {
    const internal::AdminAct& act = report.admin_act();
    note("act " + act.act() + " " + act.token() + (act.failure().empty() ? " ok" : " failed: " + act.failure()));
    internal::ChildToSupervisor answer;
    answer.mutable_recorded()->set_report(report.report());
    say(answer);
  }

  /// Takes messages until `enough` peers were introduced.
  void serve(unsigned enough) {
    for (unsigned peers = 0; peers < enough;) {
      const auto received = control.receive<internal::SupervisorToChild>();
      if (!received.has_value()) _exit(0);
      const internal::SupervisorToChild& message = received->message;
      if (message.has_peer()) {
        ++peers;
        note("peer " + internal::Peer::Role_Name(message.peer().role()) + " " +
             std::to_string(message.peer().generation()));
      }
      if (message.has_reload()) take_reload(received->descriptors);
      if (message.has_crash()) take_crash(message);
      if (message.has_token_use() && message.token_use().away()) note("away " + message.token_use().token());
      if (message.has_token_use() && message.token_use().drained()) note("drained " + message.token_use().token());
      if (message.has_admin_act()) take_act(message);
      if (message.has_drain()) {
        std::ofstream(directory + "/drained", std::ios::app) << name + "\n";
        _exit(0);
      }
    }
  }

  void perform(std::istream& script) {
    internal::ChildToSupervisor message;
    for (std::string command; script >> command;) {
      if (command == "ready") {
        message.mutable_ready();
        say(message);
        if (name == "signet-keyholder") std::thread([this] { say_that_it_lives(); }).detach();
      } else if (command == "login") {
        message.mutable_logging_in();
        say(message);
      } else if (command == "still") {
        message.mutable_still_starting();
        say(message);
      } else if (command == "say") {
        std::string field;
        script >> field;
        const auto* const chosen = message.GetDescriptor()->FindFieldByName(field);
        if (chosen == nullptr) _exit(5);
        message.GetReflection()->MutableMessage(&message, chosen);
        if (message.has_recorded()) message.mutable_recorded()->set_report(1);
        say(message);
      } else if (command == "await") {
        std::string file;
        script >> file;
        while (!std::ifstream(directory + "/" + file)) usleep(10'000);
      } else if (command == "mute") {
        mute = true;
      } else if (command == "wait") {
        int millis = 0;
        script >> millis;
        std::this_thread::sleep_for(std::chrono::milliseconds(millis));
      } else if (command == "lose") {
        std::uint64_t generation = 0;
        script >> generation;
        message.mutable_peer_lost()->set_generation(generation);
        say(message);
      } else if (command == "meet") {
        unsigned count = 0;
        script >> count;
        serve(count);
      } else if (command == "fail") {
        say_failure(script);
      } else if (command == "leave") {
        int status = 0;
        script >> status;
        _exit(status);
      } else if (command == "die") {
        raise(SIGKILL);
      } else if (command == "hang") {
        control.shutdown();
        while (true) pause();
      } else {
        serve(~0U);
      }
    }
  }
};

}  // namespace

int main(int, char** argv) {
  auto socket = inherited_control_socket();
  if (!socket.has_value()) return 8;
  FakeChild child{
      .control = ControlChannel(*std::move(socket)), .name = argv[0], .name_with_token = {}, .directory = {}};
  const auto start = child.control.receive<internal::SupervisorToChild>();
  if (!start.has_value() || !start->message.has_start()) return 7;
  child.directory = directory_of(start->message.start().config_file());
  const std::string& token = start->message.start().token();
  child.name_with_token = token.empty() ? child.name : child.name + "(" + token + ")";
  const std::string restarts = std::to_string(start->message.start().restarts());
  child.note("start " + restarts);
  if (start->message.start().has_pin() && !child.control.receive_secret().has_value()) return 6;
  if (child.name == "signet-issuer" && start->descriptors.size() > 1)
    child.note("policy " + FakeChild::first_line_of(start->descriptors[1]));
  if (child.name == "signet-keyholder" && start->descriptors.size() == 2)
    child.note("profile " + FakeChild::first_line_of(start->descriptors[1]));
  std::ifstream lines;
  for (const std::string& who : {child.name_with_token, child.name}) {
    const std::string script = child.directory + "/" + who + ".script";
    if (!lines.is_open()) lines.open(script + "." + restarts);
    if (!lines.is_open()) lines.open(script);
  }
  if (!lines.is_open()) {
    std::istringstream usual("ready serve");
    child.perform(usual);
  }
  child.perform(lines);
  return 0;
}
