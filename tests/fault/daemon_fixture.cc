#include "fault/daemon_fixture.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "log/checkpoint.h"
#include "log/entries.h"
#include "log/note.h"
#include "log/proof_file.h"
#include "support/command.h"
#include "x509/certificate.h"

namespace signet::test {
namespace {

constexpr const char* kProcesses[] = {"signetd", "signet-front", "signet-issuer", "signet-keyholder"};

log::NoteVerifier verifier_of(const Installation& ca) {
  std::string line = slurp(ca.log_key());
  line.erase(line.find_last_not_of('\n') + 1);
  return log::NoteVerifier::parse(line).value();
}

std::vector<log::Entry> entries_of(const std::string& directory) {
  const std::string file = slurp(directory + "/entries");
  std::vector<log::Entry> entries;
  for (std::size_t at = 0; at + 12 <= file.size();) {
    const ByteView header = bytes_of(file).subspan(at, 4);
    const std::size_t length = std::size_t{header[0]} << 24U | std::size_t{header[1]} << 16U |
                               std::size_t{header[2]} << 8U | std::size_t{header[3]};
    if (length == 0) break;
    entries.push_back(log::parse_entry(copy_of(bytes_of(file).subspan(at + 12, length)), entries.size()).value());
    at += 12 + length;
  }
  return entries;
}

}  // namespace

// What clients were given --------------------------------------------------------------------------------------------

void Given::add(const IssuedCertificate& issued, std::uint64_t position) {
  const std::lock_guard guard(mutex_);
  const auto [place, is_new] =
      certificates_.try_emplace(issued.idempotency_key, Certificate{.issued = issued, .position = position});
  EXPECT_TRUE(is_new || place->second.issued.certificate == issued.certificate) << "another certificate for one key";
}

void Given::add_checkpoint(const ByteVector& note, std::uint64_t position) {
  const std::lock_guard guard(mutex_);
  checkpoints_.emplace_back(note, position);
}

void Given::add_error(const Error& error) {
  const std::lock_guard guard(mutex_);
  errors_.push_back(error);
}

std::size_t Given::size() const {
  const std::lock_guard guard(mutex_);
  return certificates_.size();
}

std::map<std::string, Given::Certificate> Given::certificates() const {
  const std::lock_guard guard(mutex_);
  return certificates_;
}

std::vector<std::pair<ByteVector, std::uint64_t>> Given::checkpoints() const {
  const std::lock_guard guard(mutex_);
  return checkpoints_;
}

std::vector<Error> Given::errors() const {
  const std::lock_guard guard(mutex_);
  return errors_;
}

// The daemon ---------------------------------------------------------------------------------------------------------

/// signetd runs the programs that stand beside it, so it gets a folder where some of them are stood in for.
DaemonUnderFaults::DaemonUnderFaults() : csr_(ca_.make_csr("DNS:a.plain.example")) {
  for (const char* process : kProcesses) {
    std::error_code error;
    std::filesystem::create_hard_link(program(process), programs_ / process, error);
    if (error) std::filesystem::copy_file(program(process), programs_ / process);
  }
  forget_everything();
}

void DaemonUnderFaults::forget_everything() {
  std::filesystem::remove_all(state());
  std::filesystem::create_directory(state());
  std::filesystem::permissions(state(), std::filesystem::perms::owner_all);
  if (faults_ == nullptr) faults_ = std::make_unique<FaultControl>(state());
  std::filesystem::remove(faults_->trace_file());
  faults_->arm({});
  given_ = std::make_unique<Given>();
  checkpoint_size_ = 0;
}

void DaemonUnderFaults::put_under_faults(const std::string& process, bool traced) {
  leave_alone(process);
  std::filesystem::remove(programs_ / process);
  std::filesystem::copy_file(program("test_stand_in"), programs_ / process);
  std::string text = "program=" + program(process) + "\n";
  for (const std::string& variable : faults_->environment(traced)) text += variable + "\n";
  programs_.write(process + ".env", text);
}

void DaemonUnderFaults::leave_alone(const std::string& process) {
  std::filesystem::remove(programs_ / process);
  std::filesystem::remove(programs_ / (process + ".env"));
  std::error_code error;
  std::filesystem::create_hard_link(program(process), programs_ / process, error);
  if (error) std::filesystem::copy_file(program(process), programs_ / process);
}

void DaemonUnderFaults::use_fault_module(const std::string& variables) {
  const std::string profile =
      ca_.folder().write("fault.toml",
                         "name = \"SoftHSM with faults\"\ntested = \"ci\"\n"
                         "source = \"tests\"\nmodules = [\"" +
                             program("test_fault_module.so") + "\"]\nmax_sessions = 0\nthread_safe = true\n");
  ca_.edit("signet.toml", std::string(SIGNET_SOURCE_DIR) + "/hsm-profiles/softhsm2.toml", profile);
  ca_.edit("signet.toml", "environment = {", "environment = { " + variables + ",");
}

std::unique_ptr<Daemon> DaemonUnderFaults::start() {
  try {
    return std::make_unique<Daemon>(ca_, programs_ / "signetd");
  } catch (const std::exception& e) {
    start_failure_ = e.what();
    return nullptr;
  }
}

std::unique_ptr<Daemon> DaemonUnderFaults::start_well() {
  std::filesystem::remove(ca_.path("signetd.log"));
  auto daemon = start();
  if (daemon == nullptr) throw std::runtime_error(start_failure_);
  return daemon;
}

// The clients' part --------------------------------------------------------------------------------------------------

IssueOptions DaemonUnderFaults::order(const std::string& key, bool with_proof) const {
  return {.profile = "tls-server",
          .csr = csr_,
          .validity = std::chrono::seconds(0),
          .idempotency_key = key,
          .wait_for_proof = with_proof};
}

std::uint64_t DaemonUnderFaults::trace_position() const {
  std::error_code none;
  const auto size = std::filesystem::file_size(faults_->trace_file(), none);
  return none ? 0 : size;
}

void DaemonUnderFaults::issue(const Daemon& daemon, const std::string& key, bool with_proof,
                              std::chrono::milliseconds deadline) {
  ClientOptions options = daemon.options("plain");
  options.deadline = deadline;
  auto answer = Client::create(options).value().issue(order(key, with_proof));
  if (!answer.has_value()) return given_->add_error(answer.error());
  given_->add(*answer, trace_position());
  if (!with_proof) return;
  const auto proof = log::parse_proof_file(answer->proof).value();
  given_->add_checkpoint(log::format_note(proof.checkpoint).value(), trace_position());
}

void DaemonUnderFaults::fetch_checkpoint(const Daemon& daemon, std::chrono::milliseconds deadline) {
  ClientOptions options = daemon.options("payments");
  options.deadline = deadline;
  auto answer = Client::create(options).value().log_checkpoint(0);
  if (!answer.has_value()) return given_->add_error(answer.error());
  given_->add_checkpoint(answer->note, trace_position());
}

void DaemonUnderFaults::run_script(const Daemon& daemon, std::chrono::milliseconds deadline) {
  issue(daemon, "first", false, deadline);
  ClientOptions options = daemon.options("plain");
  options.deadline = deadline;
  IssueOptions refused = order("refused");
  refused.csr = ca_.make_csr("DNS:not.allowed.test");
  const auto refusal = Client::create(options).value().issue(refused);
  EXPECT_FALSE(refusal.has_value());
  issue(daemon, "second", true, deadline);
  fetch_checkpoint(daemon, deadline);
  issue(daemon, "third", false, deadline);
}

// What must hold -----------------------------------------------------------------------------------------------------

/// What signet-audit says of the closed log; empty when it is clean.
std::string DaemonUnderFaults::audit(std::uint64_t position) const {
  std::vector<std::string> command = {program("signet-audit"), "verify",    "--log-key", ca_.log_key(), "--issuer",
                                      ca_.issuing(),           "--journal", journal()};
  for (const auto& [note, given_at] : given_->checkpoints()) {
    if (given_at > position) continue;
    const std::string file = ca_.folder().write("since", text_of(note));
    if (std::ranges::find(command, "--since") == command.end()) command.insert(command.end(), {"--since", file});
  }
  command.push_back(log());
  const CommandResult result = run_command(command);
  return result.status == 0
             ? ""
             : "signet-audit left with " + std::to_string(result.status) + ":\n" + result.out + result.err;
}

void DaemonUnderFaults::expect_given(const LogContent& content, const std::string& what, std::uint64_t position) const {
  const std::vector<log::Entry> entries = entries_of(log());
  for (const auto& [key, certificate] : given_->certificates()) {
    if (certificate.position > position) continue;
    const IssuedCertificate& issued = certificate.issued;
    ASSERT_LT(issued.log_index, entries.size()) << what << ": lost the certificate of " << key;
    ASSERT_EQ(entries[issued.log_index].type, log::entry_type::kIssued) << what << ": " << key;
    const auto intent = log::read_intent(entries[issued.intent_log_index]).value();
    const auto outcome = log::read_issued(entries[issued.log_index]).value();
    EXPECT_EQ(assemble_certificate(intent.tbs, outcome.algorithm, outcome.signature).bytes(), issued.certificate)
        << what << ": " << key;
    EXPECT_EQ(text_of(intent.idempotency_key), key) << what;
  }
  for (const auto& [note, given_at] : given_->checkpoints()) {
    if (given_at > position) continue;
    const auto seen = log::parse_checkpoint(log::parse_note(note).value().text).value();
    ASSERT_LT(seen.size, content.roots.size()) << what << ": shorter than a checkpoint that a client has";
    EXPECT_EQ(content.roots[seen.size], seen.root) << what << ": not the log that a client has a checkpoint of";
  }
}

void DaemonUnderFaults::expect_intents_before_signatures(const std::string& what) const {
  std::set<Sha256> intended;
  std::set<std::string> serials;
  for (const log::Entry& entry : entries_of(log())) {
    if (entry.type != log::entry_type::kIntent) continue;
    const auto intent = log::read_intent(entry).value();
    intended.insert(sha256(intent.tbs.view()));
    EXPECT_TRUE(serials.insert(intent.serial.hex()).second) << what << ": a serial twice";
  }
  const auto read = log::read_journal(journal(), [&](std::uint64_t number, const log::JournalRecord& record) {
    if (record.kind == log::JournalKind::kEndEntityCertificate) {
      EXPECT_TRUE(intended.contains(record.structure)) << what << ": journal record " << number << " has no intent";
    }
    return Result<void>{};
  });
  EXPECT_TRUE(read.has_value()) << what << ": " << read.error().message;
}

void DaemonUnderFaults::expect_sound(const std::string& what, std::uint64_t position) {
  EXPECT_EQ(audit(position), "") << what;
  try {
    expect_given(read_log(log(), verifier_of(ca_)), what, position);
    expect_intents_before_signatures(what);
  } catch (const std::exception& e) {
    ADD_FAILURE() << what << ": " << e.what();
  }
}

void DaemonUnderFaults::expect_recovers(const std::string& what, std::uint64_t position) {
  faults_->disarm();
  try {
    const auto daemon = start_well();
    const auto client = daemon->client("plain");
    for (const auto& [key, certificate] : given_->certificates()) {
      if (certificate.position > position) continue;
      const bool with_proof = !certificate.issued.proof.empty();
      const auto again = client->issue(order(key, with_proof));
      ASSERT_TRUE(again.has_value()) << what << ": " << again.error().message << "\n" << daemon->stderr_text();
      EXPECT_EQ(again->certificate, certificate.issued.certificate) << what << ": a retry gets another certificate";
    }
    const auto fresh = client->issue(order("after " + what.substr(0, 40)));
    EXPECT_TRUE(fresh.has_value()) << what << ": " << fresh.error().message << "\n" << daemon->stderr_text();
    EXPECT_EQ(daemon->stop(), 0) << what << daemon->stderr_text();
  } catch (const std::exception& e) {
    FAIL() << what << ": does not start again: " << e.what();
  }
  expect_sound(what, position);
}

}  // namespace signet::test
