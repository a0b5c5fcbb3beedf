#include "fault/token_fixture.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "keyholder/held_key.h"
#include "log/entries.h"
#include "support/command.h"
#include "x509/certificate.h"

namespace signet::test {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds kClientPause{20};

milliseconds since(SteadyClock::time_point begin) {
  return std::chrono::ceil<milliseconds>(SteadyClock::now() - begin);
}

}  // namespace

TokenLoad::TokenLoad(const Daemon& daemon, const IssueOptions& order, Given& given, milliseconds patience)
    : given_(given) {
  static std::atomic<int> loads{0};
  const std::string load = std::to_string(++loads);
  ClientOptions options = daemon.options("plain");
  options.deadline = patience;
  options.on_retry = [this](const Error&, milliseconds) { ++errors_; };
  for (int i = 0; i < kClients; ++i) {
    const std::string name = load + "-" + std::to_string(i) + "-";
    threads_.emplace_back([this, options, order, name] { run(options, order, name); });
  }
}

void TokenLoad::stop() {
  stopping_ = true;
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void TokenLoad::run(const ClientOptions& options, IssueOptions order, const std::string& name) {
  Client client = Client::create(options).value();
  for (int i = 0; !stopping_; ++i) {
    order.idempotency_key = name + std::to_string(i);
    ++begun_;
    const auto begin = SteadyClock::now();
    const auto answer = client.issue(order);
    std::int64_t longest = longest_millis_;
    while (since(begin).count() > longest && !longest_millis_.compare_exchange_weak(longest, since(begin).count()))
      continue;
    if (answer.has_value()) {
      given_.add(*answer);
      ++answers_;
    } else {
      given_.add_error(answer.error());
      ++errors_;
    }
    std::this_thread::sleep_for(kClientPause);  // what a run adds to the log is asked about at its end, entry by entry
  }
}

milliseconds TokenLoad::time_to_next_answer(milliseconds patience) const {
  const auto begin = SteadyClock::now();
  const std::size_t before = answers_;
  while (answers_ == before && since(begin) < patience) std::this_thread::sleep_for(milliseconds(1));
  return since(begin);
}

bool TokenLoad::more_answers(std::size_t count) const {
  const std::size_t enough = answers_ + count;
  return eventually([&] { return answers_ >= enough; }, std::chrono::seconds(60));
}

TokenFaultTest::TokenFaultTest() {
  use_fault_module("SIGNET_FAULT_CONTROL = \"" + faults_of_first_.file() + "\"");
  ca_.edit("signet.toml", "sign_deadline = \"5s\"", "sign_deadline = \"2s\"");
  ca_.edit("signet.toml", "[token.soft]\n", "[token.soft]\nsessions = 10\n");
}

void TokenFaultTest::add_second_token() {
  std::filesystem::copy(ca_.path("tokens"), ca_.path("tokens-2"), std::filesystem::copy_options::recursive);
  const std::string conf =
      ca_.folder().write("softhsm2-2.conf", "directories.tokendir = " + ca_.path("tokens-2") +
                                                "\nobjectstore.backend = file\nlog.level = ERROR\n");
  ca_.edit("signet.toml", "[key.issuing-1]\ntoken = \"soft\"",
           "[token.soft2]\nsessions = 10\nprofile = \"" + ca_.path("fault.toml") +
               "\"\npin_file = \"pin\"\nenvironment = { SIGNET_FAULT_CONTROL = \"" + faults_of_second_.file() +
               "\", SOFTHSM2_CONF = \"" + conf + "\" }\n\n[key.issuing-1]\ntokens = [\"soft\", \"soft2\"]");
  tokens_.emplace_back("soft2");
}

void TokenFaultTest::start_load(milliseconds patience) {
  load_ = std::make_unique<TokenLoad>(*daemon_, order(""), *given_, patience);
  ASSERT_TRUE(load_->more_answers(TokenLoad::kClients)) << "no load\n" << daemon_->stderr_text();
}

void TokenFaultTest::expect_recovery(const std::string& what) const {
  const milliseconds time = load_->time_to_next_answer(kBound * 3);
  EXPECT_LE(time, kBound) << what << ": no good answer soon after the token's return\n" << daemon_->stderr_text();
  printf("tried: %s: the next good answer came after %d ms\n", what.c_str(), static_cast<int>(time.count()));
}

void TokenFaultTest::expect_sound_end(const std::string& what) {
  if (load_ != nullptr) load_->stop();
  EXPECT_EQ(daemon_->stop(), 0) << what << daemon_->stderr_text();
  expect_sound(what);
  const Certificate ca = Certificate::parse_any(bytes_of(slurp(ca_.issuing()))).value();
  for (const auto& [key, given] : given_->certificates()) {
    const auto certificate = Certificate::parse(given.issued.certificate).value();
    EXPECT_TRUE(certificate.verify_signed_by(ca.public_key()).has_value())
        << what << ": a wrong signature left: " << key;
  }
  for (const Error& error : given_->errors()) {
    const bool token_says_so = error.message.find("the keyholder cannot sign this") != std::string::npos;
    EXPECT_TRUE(error.retryable || error.code == ErrorCode::kDeadlineExceeded || token_says_so)
        << what << ": " << error.message;
  }
  expect_signed_only_what_is_logged(faults_of_first_, what);
  expect_signed_only_what_is_logged(faults_of_second_, what);
}

/// By the token's own word. P-256 is given a SHA-256, Ed25519 the text.
void TokenFaultTest::expect_signed_only_what_is_logged(const TokenFaults& faults, const std::string& what) const {
  std::set<Sha256> known = {sha256(bytes_of(kSelfTest))};
  for (const log::Entry& entry : ca_.read_log()) {
    if (entry.type == log::entry_type::kIntent) known.insert(sha256(log::read_intent(entry).value().tbs.view()));
  }
  const std::string checkpoint = "test.example/signet/issuing-1\n";
  for (const SignedRecord& made : faults.signed_data()) {
    const ByteView data = ByteView(made.data).first(std::min<std::size_t>(made.data_bytes, made.data.size()));
    Sha256 digest{};
    if (made.data_bytes == digest.size()) {
      std::ranges::copy(data, digest.begin());
      EXPECT_TRUE(known.contains(digest)) << what << ": the token signed what no intent says";
    } else {
      const bool is_known = text_of(data).starts_with(checkpoint) || text_of(data).starts_with(kSelfTest);
      EXPECT_TRUE(is_known) << what << ": the token signed " << printable(text_of(data));
    }
  }
}

}  // namespace signet::test
