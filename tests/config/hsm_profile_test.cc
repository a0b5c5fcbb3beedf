#include "config/hsm_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temp_directory.h"

namespace signet {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr std::string_view kProfile = R"(name = "Some HSM"
tested = "ci"
source = "the vendor's manual, chapter 3"
modules = ["/opt/a.so", "/opt/b.so"]
max_sessions = 8
thread_safe = false
mechanisms = ["CKM_ECDSA_SHA256", "CKM_EDDSA"]
quirks = ["no-finalize"]
restart_codes = [0x80000068, 48]
keep_alive = "1m"
deadline = "1500ms"
init_arguments = "a='b'"

[environment]
VENDOR_HOME = "/opt/vendor"

[sandbox]
readable = ["${VENDOR_HOME}", "/etc/vendor.conf"]
writable = ["/var/lib/vendor"]
devices = ["/dev/vendor0"]
unix_sockets = ["/run/vendor/socket"]
tcp_ports = [1792, 12345]
system_calls = ["shmget", "io_submit"]

[[sandbox.readable_in]]
file = "/etc/vendor.conf"
key = "Store"
)";

TEST(HsmProfile, ReadsEveryValue) {
  const auto profile = parse_hsm_profile(bytes_of(kProfile), "p.toml");
  ASSERT_TRUE(profile.has_value()) << profile.error().message;
  EXPECT_EQ(profile->name, "Some HSM");
  EXPECT_EQ(profile->tested, HsmTested::kCi);
  EXPECT_EQ(profile->source, "the vendor's manual, chapter 3");
  EXPECT_THAT(profile->modules, ElementsAre("/opt/a.so", "/opt/b.so"));
  EXPECT_EQ(profile->max_sessions, 8U);
  EXPECT_FALSE(profile->thread_safe);
  EXPECT_THAT(profile->mechanisms, ElementsAre("CKM_ECDSA_SHA256", "CKM_EDDSA"));
  EXPECT_TRUE(profile->has(HsmQuirk::kNoFinalize));
  EXPECT_FALSE(profile->has(HsmQuirk::kGeneralErrorAtLoginIsTransient));
  EXPECT_THAT(profile->restart_codes, ElementsAre(48, 0x80000068));
  EXPECT_EQ(profile->keep_alive, std::chrono::seconds(60));
  EXPECT_EQ(profile->deadline, std::chrono::milliseconds(1500));
  EXPECT_EQ(profile->init_arguments, "a='b'");
  EXPECT_THAT(profile->environment, ElementsAre(Pair("VENDOR_HOME", "/opt/vendor")));
}

TEST(HsmProfile, ReadsWhatItsSandboxNeeds) {
  const auto profile = parse_hsm_profile(bytes_of(kProfile), "p.toml");
  ASSERT_TRUE(profile.has_value()) << profile.error().message;
  const HsmSandbox& sandbox = profile->sandbox;
  EXPECT_THAT(sandbox.readable, ElementsAre("${VENDOR_HOME}", "/etc/vendor.conf"));
  EXPECT_THAT(sandbox.writable, ElementsAre("/var/lib/vendor"));
  EXPECT_THAT(sandbox.devices, ElementsAre("/dev/vendor0"));
  EXPECT_THAT(sandbox.unix_sockets, ElementsAre("/run/vendor/socket"));
  EXPECT_THAT(sandbox.tcp_ports, ElementsAre(1792, 12345));
  EXPECT_THAT(sandbox.system_calls, ElementsAre("shmget", "io_submit"));
  ASSERT_EQ(sandbox.readable_in.size(), 1U);
  EXPECT_EQ(sandbox.readable_in[0].file, "/etc/vendor.conf");
  EXPECT_EQ(sandbox.readable_in[0].key, "Store");
}

TEST(HsmProfile, NeedsNothingButItsNameItsSourceAndItsModules) {
  const auto profile =
      parse_hsm_profile(bytes_of("name = \"x\"\ntested = \"ci\"\nsource = \"y\"\nmodules = [\"/a.so\"]\n"), "p.toml");
  ASSERT_TRUE(profile.has_value()) << profile.error().message;
  EXPECT_TRUE(profile->thread_safe);
  EXPECT_EQ(profile->max_sessions, 0U);
  EXPECT_EQ(profile->keep_alive.count(), 0);
  EXPECT_EQ(profile->deadline.count(), 0);
  EXPECT_TRUE(profile->mechanisms.empty() && profile->quirks.empty() && profile->environment.empty());
}

TEST(HsmProfile, ReportsEveryMistakeOfItsFurtherValues) {
  const auto profile = parse_hsm_profile(
      bytes_of("name = \"x\"\ntested = \"ci\"\nsource = \"y\"\nmodules = [\"/a.so\"]\nmechanisms = [\"CKM_MD5\"]\n"
               "quirks = [\"odd\"]\nkeep_alive = \"2d\"\ndeadline = \"2m\"\n[environment]\n\"1X\" = \"\"\n[sandbox]\n"
               "readable = [\"here\"]\ndevices = [\"tpm\"]\nsystem_calls = [\"Open\"]\ntcp_ports = [0]\nwhatever = 1\n"
               "[[sandbox.readable_in]]\nfile = \"x\"\n"),
      "p.toml");
  ASSERT_FALSE(profile.has_value());
  const std::string& message = profile.error().message;
  for (const char* const expected :
       {"mechanisms", "CKM_MD5", "quirks", "odd", "keep_alive", "deadline", "1X",
        "sandbox.readable: has \"here\"; expected absolute paths", "sandbox.devices: has \"tpm\"",
        "sandbox.system_calls: has \"Open\", which is no name of a system call", "sandbox.tcp_ports",
        "sandbox.whatever: unknown key", "key: missing"})
    EXPECT_THAT(message, HasSubstr(expected));
}

TEST(HsmProfile, AsksForNoSystemCallThatUndoesTheSandbox) {
  for (const auto& [call, why] :
       {std::pair{"execve", "makes processes or runs programs"}, std::pair{"ptrace", "reaches the kernel, the machine"},
        std::pair{"prctl", "changes who the process is, or its sandbox"},
        std::pair{"kill", "reaches into other processes"}, std::pair{"io_uring_enter", "where no filter sees it"},
        std::pair{"mprotect", "is for loads_code or makes_code to say"},
        std::pair{"openat", "is for readable, writable or devices to say"},
        std::pair{"fchmodat2", "is for readable, writable or devices to say"},
        std::pair{"shmat", "is for loads_code or makes_code to say"},
        std::pair{"sched_setaffinity", "reaches into other processes"},
        std::pair{"socketpair", "is for unix_sockets or tcp_ports to say"},
        std::pair{"socket", "is for unix_sockets or tcp_ports to say"}}) {
    const auto profile = parse_hsm_profile(
        bytes_of("name = \"x\"\ntested = \"ci\"\nsource = \"y\"\nmodules = [\"/a.so\"]\n[sandbox]\nsystem_calls = [\"" +
                 std::string(call) + "\"]\n"),
        "p.toml");
    ASSERT_FALSE(profile.has_value()) << call;
    EXPECT_THAT(profile.error().message,
                AllOf(HasSubstr("sandbox.system_calls: has \"" + std::string(call) + "\", which "), HasSubstr(why),
                      HasSubstr("no profile may have it: remove it")));
  }
}

TEST(HsmProfile, EveryOneThatIsShippedIsGoodAndSaysWhereItsFactsAreFrom) {
  std::set<std::string> driven;
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(SIGNET_SOURCE_DIR "/hsm-profiles")) {
    const auto profile = load_hsm_profile(entry.path());
    ASSERT_TRUE(profile.has_value()) << profile.error().message;
    names.insert(entry.path().stem());
    if (profile->tested == HsmTested::kCi) driven.insert(entry.path().stem());
    EXPECT_THAT(profile->source, HasSubstr("https://")) << entry.path();
  }
  EXPECT_THAT(driven, ElementsAre("nss-softokn", "softhsm2")) << "those of tests/contract";
  EXPECT_THAT(names, ElementsAre("entrust-nshield", "nss-softokn", "softhsm2", "thales-luna", "tpm2", "yubihsm2"));
}

TEST(HsmProfile, ReportsEveryMistake) {
  const auto profile = parse_hsm_profile(
      bytes_of("name = \"x\"\ntested = \"yes\"\nmodules = [\"lib.so\"]\nmax_sessions = -1\nthread = true\n"), "p.toml");
  ASSERT_FALSE(profile.has_value());
  const std::string& message = profile.error().message;
  EXPECT_THAT(message, HasSubstr("p.toml:2:10: tested: is \"yes\"; expected one of \"ci\", \"documentation\""));
  EXPECT_THAT(message, HasSubstr("source: missing"));
  EXPECT_THAT(message, HasSubstr("modules: has \"lib.so\"; expected absolute paths"));
  EXPECT_THAT(message, HasSubstr("max_sessions: is the integer -1"));
  EXPECT_THAT(message, HasSubstr("thread: unknown key"));
}

TEST(HsmProfile, IsNotReadFromAFileThatOthersMayWrite) {
  const test::TempDirectory directory;
  const std::string path = directory.write("p.toml", kProfile);
  EXPECT_TRUE(load_hsm_profile(path).has_value());
  ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
  EXPECT_FALSE(load_hsm_profile(path).has_value());
  EXPECT_FALSE(load_hsm_profile(directory / "absent.toml").has_value());
}

TEST(HsmProfile, FindsTheFirstModuleThatExists) {
  const test::TempDirectory directory;
  HsmProfile profile;
  profile.name = "Some HSM";
  profile.modules = {directory / "a.so", directory / "b.so", directory / "c.so"};
  const auto none = find_module(profile);
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(none.error().message, HasSubstr(directory / "a.so"));
  directory.write("b.so", "x");
  directory.write("c.so", "x");
  EXPECT_EQ(find_module(profile).value_or(""), directory / "b.so");
}

}  // namespace
}  // namespace signet
