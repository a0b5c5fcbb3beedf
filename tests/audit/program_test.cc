// signet-audit itself: exit status, what it prints, JSON.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "log_folder.h"
#include "support/command.h"

namespace signet::audit {
namespace {

using namespace test;
using signet::test::CommandResult;
using signet::test::redirected;
using signet::test::run_command;

class ProgramTest : public AuditTest {
 protected:
  [[nodiscard]] static CommandResult run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), SIGNET_BIN_DIR "/signet-audit");
    return run_command(arguments);
  }
  [[nodiscard]] std::string issuer() const {
    return directory_.write("issuing.pem", encode_pem("CERTIFICATE", Authority::get().certificate.der().view()));
  }
  /// The certificate that the entry `issued` made.
  [[nodiscard]] std::string certificate_of(const LogFolder& log, std::uint64_t issued) const {
    const auto outcome = log::read_issued(log::parse_entry(log.entries.at(issued), issued).value()).value();
    const auto intent =
        log::read_intent(log::parse_entry(log.entries.at(outcome.intent), outcome.intent).value()).value();
    const CertificateDer der = assemble_certificate(intent.tbs, outcome.algorithm, outcome.signature);
    return directory_.write("leaf.pem", encode_pem("CERTIFICATE", der.view()));
  }
};

TEST_F(ProgramTest, SaysThatAnHonestLogIsCleanAndWhatWasProven) {
  const LogFolder log = LogFolder::honest();
  write(log);
  log.write_journal(directory_ / "journal");
  const CommandResult result = run({"verify", "--log-key", vkey(log_key()), "--issuer", issuer(), "--journal",
                                    directory_ / "journal", "--threads", "2", folder()});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_TRUE(result.err.empty()) << result.err;  // no progress where there is no terminal
  for (const char* part : {"entries       300", "20 of 20 signatures verified", "6 verified", "covers 300 of 300",
                           "rollback      excluded up to 300", "result        clean"}) {
    EXPECT_NE(result.out.find(part), std::string::npos) << part << "\n" << result.out;
  }
}

TEST_F(ProgramTest, SaysPlainlyWhatWasNotChecked) {
  write(LogFolder::honest());
  const CommandResult result = run({"verify", folder()});
  EXPECT_EQ(result.status, 0);
  for (const char* part : {"rollback not excluded", "proves nothing about who made it",
                           "certificate signatures were not checked", "signatures not checked"}) {
    EXPECT_NE(result.out.find(part), std::string::npos) << part << "\n" << result.out;
  }
}

TEST_F(ProgramTest, NamesFindingsWithStatusOne) {
  write(LogFolder::honest());
  flip("tile/0/000", 17 * 32);
  const CommandResult result = run({"verify", "--log-key", vkey(log_key()), folder()});
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.out.find("FINDING  tile-differs  tile/0/000: differs at byte 544"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("result        1 finding: 1 tile-differs"), std::string::npos) << result.out;
}

TEST_F(ProgramTest, SaysAllOfItAsOneJsonObject) {
  LogFolder log = LogFolder::honest();
  write(log);
  flip("entries", log.offset_of(17) + 70);
  const CommandResult result = run({"--json", "verify", "--log-key", vkey(log_key()), folder()});
  EXPECT_EQ(result.status, 1);
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_FALSE(json.at("clean"));
  EXPECT_EQ(json.at("entries"), 300);
  EXPECT_EQ(json.at("rollback_excluded"), false);
  EXPECT_EQ(json.at("counts").at("frame-hash"), 1);
  const auto& findings = json.at("findings");
  EXPECT_TRUE(std::ranges::any_of(findings, [](const auto& finding) {
    return finding.at("id") == "frame-hash" && finding.at("entry") == 17 && finding.at("place") == "entry 17";
  })) << result.out;
  EXPECT_TRUE(
      std::ranges::any_of(json.at("notes"), [](const auto& note) { return note.at("id") == "rollback-not-excluded"; }));
}

TEST_F(ProgramTest, TellsUsageFromAFolderThatCannotBeRead) {
  EXPECT_EQ(run({}).status, 2);
  EXPECT_EQ(run({"verify"}).status, 2);
  EXPECT_EQ(run({"verify", "--no-such-option", folder()}).status, 2);
  EXPECT_EQ(run({"verify", folder()}).status, 3);
  write(LogFolder::honest());
  EXPECT_EQ(run({"verify", "--log-key", "nonsense", folder()}).status, 2);
  EXPECT_EQ(run({"verify", "--witness", vkey(log_key()), folder()}).status, 2);
  EXPECT_EQ(run({"verify", "--issuer", "/no/such/file", folder()}).status, 2);
  EXPECT_EQ(run({"verify", "--since", path("entries"), folder()}).status, 2);
  EXPECT_EQ(run({"verify", "--journal", "/no/such/file", folder()}).status, 2);
  EXPECT_EQ(run({"prove", folder()}).status, 2);
  EXPECT_EQ(run({"prove", "--index", "300", folder()}).status, 2);
  EXPECT_EQ(run({"show", directory_ / "nothing"}).status, 3);
  EXPECT_EQ(run({"prove", "--index", "0", directory_ / "nothing"}).status, 3);
  const CommandResult json = run({"--json", "verify", "--log-key", "nonsense", folder()});
  EXPECT_EQ(nlohmann::json::parse(json.out).at("error").at("field"), "log-key");
  EXPECT_EQ(run({"--help"}).status, 0);
}

TEST_F(ProgramTest, ProvesEveryEntryOfALogAndChecksItWithoutTheLog) {
  const LogFolder log = LogFolder::honest();
  write(log);
  const std::string proof = directory_ / "entry.tlog-proof";
  for (const int index : {0, 1, 255, 256, 299}) {
    ASSERT_EQ(run({"prove", "--index", std::to_string(index), "--out", proof, "--force", folder()}).status, 0);
    const CommandResult result = run({"--json", "check-proof", "--log-key", vkey(log_key()), proof});
    EXPECT_EQ(result.status, 0) << result.out << result.err;
    const auto json = nlohmann::json::parse(result.out);
    EXPECT_EQ(json.at("index"), index);
    EXPECT_EQ(json.at("entry").at("seq"), index);
  }
  EXPECT_EQ(run({"prove", "--index", "5", folder()}).out, text_of(prove(folder(), 5).value()));
}

TEST_F(ProgramTest, ProvesThatACertificateWasIssued) {
  LogFolder log = LogFolder::honest();
  log::Note& note = log.checkpoints.back();
  note.signatures.push_back(witness_key().cosign(note.text, "witness.example", 1'772'000'000));
  write(log);
  const std::string leaf = certificate_of(log, 7);
  const std::string proof = directory_ / "leaf.tlog-proof";
  ASSERT_EQ(run({"prove", "--certificate", leaf, "--out", proof, folder()}).status, 0);
  const std::string witness = vkey(witness_key(), log::NoteKeyType::kCosignatureV1);
  const CommandResult result =
      run({"check-proof", "--log-key", vkey(log_key()), "--witness", witness, "--certificate", leaf, proof});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  EXPECT_NE(result.out.find("entry   7 of 300"), std::string::npos) << result.out;
  EXPECT_NE(result.out.find("the proof holds"), std::string::npos);
  EXPECT_EQ(run({"check-proof", "--log-key", vkey(log_key()), "--certificate", issuer(), proof}).status, 1);
}

TEST_F(ProgramTest, TellsAProofThatDoesNotHoldFromFilesThatCannotBeUsed) {
  const LogFolder log = LogFolder::honest();
  write(log);
  const std::string proof = directory_ / "p";
  ASSERT_EQ(run({"prove", "--index", "7", "--out", proof, folder()}).status, 0);
  const auto check = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"check-proof", "--log-key", vkey(log_key())});
    return run(arguments).status;
  };
  EXPECT_EQ(check({proof}), 0);
  EXPECT_EQ(check({"--certificate", certificate_of(log, 7), proof}), 0);
  EXPECT_EQ(check({"--certificate", issuer(), proof}), 1);
  EXPECT_EQ(check({issuer()}), 1) << "a file, and no proof";
  EXPECT_EQ(check({"--certificate", "/etc/passwd", proof}), 2);
  EXPECT_EQ(check({"--certificate", "/no/such/file", proof}), 2);
  EXPECT_EQ(check({folder()}), 2) << "a folder";
  EXPECT_EQ(check({"/no/such/file"}), 2);

  EXPECT_EQ(run({"prove", "--index", "7", "--out", "/nonexistent/x", folder()}).status, 2);
  EXPECT_EQ(run({"prove", "--certificate", "/etc/passwd", folder()}).status, 2);
  EXPECT_EQ(run({"prove", "--certificate", "/no/such/file", folder()}).status, 2);
  const CommandResult unknown = run({"prove", "--certificate", issuer(), folder()});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_NE(unknown.err.find("the log has no entry \"issued\""), std::string::npos) << unknown.err;
}

TEST_F(ProgramTest, ReplacesAProofOnlyWhenForced) {
  write(LogFolder::honest());
  const std::string out = directory_.write("out", "mine");
  const CommandResult refused = run({"prove", "--index", "7", "--out", out, folder()});
  EXPECT_EQ(refused.status, 2);
  EXPECT_NE(refused.err.find("--force"), std::string::npos) << refused.err;
  EXPECT_EQ(signet::test::slurp(out), "mine");
  EXPECT_EQ(run({"prove", "--index", "7", "--out", out, "--force", folder()}).status, 0);
  EXPECT_EQ(signet::test::slurp(out), text_of(prove(folder(), 7).value()));
}

TEST_F(ProgramTest, SaysWithStatusThreeThatItsAnswerDidNotArrive) {
  write(LogFolder::honest());
  const std::string program = SIGNET_BIN_DIR "/signet-audit";
  const std::string proof = directory_ / "p";
  ASSERT_EQ(run({"prove", "--index", "7", "--out", proof, folder()}).status, 0);
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"verify", folder()},
                                                    {"--json", "verify", folder()},
                                                    {"prove", "--index", "7", folder()},
                                                    {"check-proof", "--log-key", vkey(log_key()), proof},
                                                    {"show", folder()},
                                                    {"show", "--to", "1", folder()}}) {
    std::vector<std::string> command{program};
    command.insert(command.end(), arguments.begin(), arguments.end());
    for (const char* streams : {">/dev/full", ">&-", "<&- >&-"}) {
      const CommandResult result = run_command(redirected(streams, command));
      EXPECT_EQ(result.status, 3) << arguments.front() << streams;
      EXPECT_NE(result.err.find("standard output"), std::string::npos) << result.err;
    }
    EXPECT_EQ(run_command(redirected("<&- >&- 2>&-", command)).status, 3);
  }
  EXPECT_EQ(run_command(redirected("<&- 2>&-", {program, "verify", folder()})).status, 0);
  EXPECT_TRUE(verify_folder().clean());
}

TEST_F(ProgramTest, EachHelpSaysWhatTheExitStatusMeans) {
  for (const char* command : {"verify", "prove", "check-proof"}) {
    EXPECT_NE(run({command, "--help"}).out.find("Exit status:"), std::string::npos) << command;
  }
}

TEST_F(ProgramTest, SaysHowManySignaturesVerifiedWheneverIssuersWereGiven) {
  LogFolder log;
  log.genesis();
  log.issued(log.intent({}, [](TbsFields& f) { f.issuer = Authority::other().certificate.fields().subject; }));
  log.checkpoint();
  write(log);
  const CommandResult result = run({"verify", "--log-key", vkey(log_key()), "--issuer", issuer(), folder()});
  EXPECT_EQ(result.status, 1);
  EXPECT_NE(result.out.find("0 of 1 signatures verified"), std::string::npos) << result.out;
}

TEST_F(ProgramTest, RefusesProofsThatDoNotHold) {
  write(LogFolder::honest());
  const std::string honest(text_of(prove(folder(), 5).value()));
  const auto check = [&](const std::string& text, const std::string& key) {
    return run({"check-proof", "--log-key", key, directory_.write("proof", text)}).status;
  };
  EXPECT_EQ(check(honest, vkey(log_key())), 0);
  EXPECT_EQ(check(honest, vkey(other_key())), 1);
  std::string other = honest;
  other.replace(other.find("index 5"), 7, "index 6");
  EXPECT_EQ(check(other, vkey(log_key())), 1);
  other = honest;
  other.erase(other.find("extra "), other.find("index ") - other.find("extra "));
  EXPECT_EQ(check(other, vkey(log_key())), 1);
  EXPECT_EQ(check("nonsense", vkey(log_key())), 1);
  EXPECT_EQ(run({"check-proof", "--log-key", vkey(log_key()), "--witness",
                 vkey(witness_key(), log::NoteKeyType::kCosignatureV1), directory_.write("proof", honest)})
                .status,
            1);
}

TEST_F(ProgramTest, DoesNotProveFromADamagedFolder) {
  write(LogFolder::honest());
  flip("tile/entries/000", 40);
  const CommandResult result = run({"prove", "--index", "0", folder()});
  EXPECT_EQ(result.status, 3);
  EXPECT_NE(result.err.find("damaged"), std::string::npos) << result.err;
  std::filesystem::remove(path("tile/0/000"));
  EXPECT_EQ(run({"prove", "--index", "0", folder()}).status, 3);
}

TEST_F(ProgramTest, ShowsEntriesAsLinesAndAsJson) {
  const LogFolder log = LogFolder::honest();
  write(log);
  const auto lines = [](const CommandResult& result) { return std::ranges::count(result.out, '\n'); };
  EXPECT_EQ(lines(run({"show", folder()})), 300);
  EXPECT_EQ(lines(run({"show", "--from", "10", "--to", "19", folder()})), 10);
  EXPECT_EQ(lines(run({"show", "--type", "issued", folder()})), 20);
  EXPECT_EQ(lines(run({"show", "--client", "payments", folder()})), 40);
  const std::string leaf = certificate_of(log, 7);
  EXPECT_EQ(lines(run({"show", "--certificate", leaf, folder()})), 2);
  const auto issued = log::read_issued(log::parse_entry(log.entries.at(7), 7).value()).value();
  EXPECT_EQ(lines(run({"show", "--serial", issued.serial.hex(), folder()})), 2);
  const CommandResult json = run({"--json", "show", "--from", "7", "--to", "7", folder()});
  EXPECT_EQ(json.out, std::string(text_of(log.entries.at(7))) + "\n");
  const CommandResult text = run({"show", "--from", "7", "--to", "7", folder()});
  EXPECT_NE(text.out.find("issued"), std::string::npos);
  EXPECT_NE(text.out.find("serial=" + issued.serial.hex()), std::string::npos) << text.out;
}

TEST_F(ProgramTest, RefusesToShowWhatNoEntryCanBe) {
  write(LogFolder::honest());
  for (const auto& [option, arguments] : std::vector<std::pair<std::string, std::vector<std::string>>>{
           {"type", {"--type", "nonsense"}}, {"serial", {"--serial", "ZZ"}}, {"to", {"--from", "5", "--to", "3"}}}) {
    std::vector<std::string> command{"show", folder()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const CommandResult result = run(command);
    EXPECT_EQ(result.status, 2) << option;
    EXPECT_NE(result.err.find(option + ": "), std::string::npos) << result.err;
  }
  EXPECT_NE(run({"show", "--type", "nonsense", folder()}).err.find("orphaned"), std::string::npos) << "the types";
  EXPECT_EQ(run({"show", "--from", "5", "--to", "5", folder()}).status, 0);
}

TEST_F(ProgramTest, EscapesInJsonWhatATerminalWouldObey) {
  LogFolder log;
  log.genesis();
  log.add({.type = "note", .fields = {{"outcome", "ok"}, {"text", "\u009B31mred\x7F \u00A9"}}});
  log.checkpoint();
  write(log);
  const std::string proof = directory_ / "p";
  ASSERT_EQ(run({"prove", "--index", "1", "--out", proof, folder()}).status, 0);
  for (const CommandResult& result : {run({"--json", "show", "--from", "1", folder()}),
                                      run({"--json", "check-proof", "--log-key", vkey(log_key()), proof})}) {
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_NE(result.out.find("\\u009b31mred\\u007f \u00A9"), std::string::npos) << result.out;
    auto json = nlohmann::json::parse(result.out);
    if (json.contains("entry")) json = json.at("entry");
    EXPECT_EQ(json.at("text"), "\u009B31mred\x7F \u00A9");
  }
}

TEST_F(ProgramTest, ShowsNothingThatATerminalWouldObey) {
  LogFolder log;
  log.genesis();
  log.add({.type = "note", .fields = {{"outcome", "ok"}, {"text", "\x1B[2J\nred"}}});
  write(log);
  const CommandResult result = run({"show", folder()});
  EXPECT_EQ(result.out.find('\x1B'), std::string::npos);
  EXPECT_EQ(std::ranges::count(result.out, '\n'), 2);
}

}  // namespace
}  // namespace signet::audit
