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

/// The whole entries at the beginning of a file `entries`: each fits, and has the hash that its frame says.
std::vector<log::Entry> entries_in(ByteView file) {
  constexpr std::size_t kHeader = 12;
  std::vector<log::Entry> entries;
  for (std::size_t at = 0; at + kHeader <= file.size();) {
    const ByteView header = file.subspan(at, kHeader);
    const std::size_t length = std::size_t{header[0]} << 24U | std::size_t{header[1]} << 16U |
                               std::size_t{header[2]} << 8U | std::size_t{header[3]};
    if (length == 0 || length > file.size() - at - kHeader) break;
    const ByteView bytes = file.subspan(at + kHeader, length);
    if (!equal(ByteView(log::leaf_hash(bytes)).first(8), header.subspan(4))) break;
    entries.push_back(log::parse_entry(copy_of(bytes), entries.size()).value());
    at += kHeader + length;
  }
  return entries;
}

std::vector<log::Entry> entries_of(const std::string& directory) {
  return entries_in(bytes_of(slurp(directory + "/entries")));
}

/// Whether the entries have an intent and an outcome that make this certificate; otherwise why not.
std::string missing_of(const IssuedCertificate& issued, const std::vector<log::Entry>& entries) {
  if (issued.log_index >= entries.size() || issued.intent_log_index >= issued.log_index) {
    return "entry " + std::to_string(issued.log_index) + " is not among " + std::to_string(entries.size());
  }
  const auto intent = log::read_intent(entries[issued.intent_log_index]);
  const auto outcome = log::read_issued(entries[issued.log_index]);
  if (!intent.has_value()) return "its intent: " + intent.error().message;
  if (!outcome.has_value()) return "its outcome: " + outcome.error().message;
  const auto made = assemble_certificate(intent->tbs, outcome->algorithm, outcome->signature);
  if (made.bytes() != issued.certificate) return "its entries make another certificate";
  return text_of(intent->idempotency_key) == issued.idempotency_key ? "" : "its intent has another key";
}

}  // namespace

// What clients were given --------------------------------------------------------------------------------------------

void Given::add(const IssuedCertificate& issued, std::uint64_t position) {
  const std::lock_guard guard(mutex_);
  const auto [place, is_new] =
      certificates_.try_emplace(issued.idempotency_key, Certificate{.issued = issued, .position = position});
  EXPECT_TRUE(is_new || place->second.issued.certificate == issued.certificate) << "another certificate for one key";
}

void Given::add_with_proof(const IssuedCertificate& issued, std::uint64_t position) {
  add(issued, position);
  if (issued.proof.empty()) return;
  const auto proof = log::parse_proof_file(issued.proof).value();
  add_checkpoint(log::format_note(proof.checkpoint).value(), position);
}

void Given::add_checkpoint(const ByteVector& note, std::uint64_t position) {
  const std::lock_guard guard(mutex_);
  checkpoints_.try_emplace(note, position);
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

std::map<ByteVector, std::uint64_t> Given::checkpoints() const {
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
  const std::string profile = ca_.folder().write("fault.toml", profile_of_softhsm_in(program("test_fault_module.so")));
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
  EXPECT_EQ(answer->proof.empty(), !with_proof);
  given_->add_with_proof(*answer, trace_position());
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

/// Of the checkpoints that clients have. Empty when they have none.
std::string DaemonUnderFaults::newest_note(std::uint64_t position) const {
  std::string newest;
  std::uint64_t size = 0;
  for (const auto& [note, given_at] : given_->checkpoints()) {
    const auto seen = log::parse_checkpoint(log::parse_note(note).value().text).value();
    if (given_at > position || seen.size <= size) continue;
    size = seen.size;
    newest = text_of(note);
  }
  return newest;
}

/// What signet-audit says of the closed log; empty when it is clean.
std::string DaemonUnderFaults::audit(std::uint64_t position) const {
  std::vector<std::string> command = {program("signet-audit"), "verify",   "--log-key",
                                      ca_.log_key(),           "--issuer", ca_.issuing()};
  for (const std::string& token : tokens_) command.insert(command.end(), {"--journal", journal(token)});
  if (const std::string newest = newest_note(position); !newest.empty()) {
    command.insert(command.end(), {"--since", ca_.folder().write("since", newest)});
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
    EXPECT_EQ(missing_of(certificate.issued, entries), "") << what << ": " << key;
  }
  for (const auto& [note, given_at] : given_->checkpoints()) {
    if (given_at > position) continue;
    const auto seen = log::parse_checkpoint(log::parse_note(note).value().text).value();
    ASSERT_LT(seen.size, content.roots.size()) << what << ": shorter than a checkpoint that a client has";
    EXPECT_EQ(content.roots[seen.size], seen.root) << what << ": not the log that a client has a checkpoint of";
    EXPECT_TRUE(std::ranges::any_of(content.checkpoints, [&](const auto& head) { return head.size == seen.size; }))
        << what << ": the checkpoint of " << seen.size << " entries, which a client has, is not kept";
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
  for (const std::string& token : tokens_) {
    const auto read = log::read_journal(journal(token), [&](std::uint64_t number, const log::JournalRecord& record) {
      if (record.kind == log::JournalKind::kEndEntityCertificate) {
        EXPECT_TRUE(intended.contains(record.structure))
            << what << ": record " << number << " of the journal of " << token << " has no intent";
      }
      return Result<void>{};
    });
    EXPECT_TRUE(read.has_value()) << what << ": " << read.error().message;
  }
}

void DaemonUnderFaults::expect_sound(const std::string& what, const Asked& asked) {
  EXPECT_EQ(audit(asked.position), "") << what;
  try {
    expect_given(read_log(log(), verifier_of(ca_)), what, asked.position);
    expect_intents_before_signatures(what);
  } catch (const std::exception& e) {
    ADD_FAILURE() << what << ": " << e.what();
  }
}

void DaemonUnderFaults::ask_again(const Daemon& daemon, const std::string& what, const Asked& asked) const {
  const auto client = daemon.client("plain");
  for (const auto& [key, certificate] : given_->certificates()) {
    if (certificate.position > asked.position || (asked.again && !asked.again(key))) continue;
    const bool with_proof = !certificate.issued.proof.empty();
    const auto again = client->issue(order(key, with_proof));
    ASSERT_TRUE(again.has_value()) << what << ": " << again.error().message << "\n" << daemon.stderr_text();
    EXPECT_EQ(again->certificate, certificate.issued.certificate) << what << ": a retry gets another certificate";
  }
  const auto fresh = client->issue(order("after " + what.substr(0, 40)));
  EXPECT_TRUE(fresh.has_value()) << what << ": " << fresh.error().message << "\n" << daemon.stderr_text();
}

void DaemonUnderFaults::expect_recovers(const std::string& what, const Asked& asked) {
  faults_->disarm();
  try {
    const auto daemon = start_well();
    ask_again(*daemon, what, asked);
    EXPECT_EQ(daemon->stop(), 0) << what << daemon->stderr_text();
  } catch (const std::exception& e) {
    FAIL() << what << ": does not start again: " << e.what();
  }
  expect_sound(what, asked);
}

void DaemonUnderFaults::expect_answers_were_durable(Disk disk, const std::string& what) const {
  const auto trace = read_trace(faults_->trace_file());
  ASSERT_FALSE(trace.empty()) << what << ": nothing was recorded";
  std::multimap<std::uint64_t, IssuedCertificate> answers;  // by position
  for (const auto& [key, certificate] : given_->certificates()) {
    answers.emplace(certificate.position, certificate.issued);
  }
  auto next = answers.begin();
  for (std::size_t i = 0; i < trace.size() && next != answers.end(); ++i) {
    disk.apply(trace[i]);
    const bool last = i + 1 == trace.size();
    for (; next != answers.end() && (last || trace[i + 1].end > next->first); ++next) {
      const Bytes durable = disk.durable("log/entries").value_or(Bytes());
      EXPECT_EQ(missing_of(next->second, entries_in(durable)), "") << what << ": answered, and not durable";
    }
  }
  EXPECT_EQ(next, answers.end()) << what << ": not every answer was looked at";
}

}  // namespace signet::test
