#include "config/hsm_profile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "base/file.h"
#include "base/seccomp_never.h"
#include "base/toml_reader.h"
#include "config/environment.h"

namespace signet {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLargestProfile = 64 * 1024;

struct QuirkName {
  std::string_view name;
  HsmQuirk quirk;
};
constexpr std::array kQuirks = {
    QuirkName{"general-error-at-login-is-transient", HsmQuirk::kGeneralErrorAtLoginIsTransient},
    QuirkName{"generated-keys-do-not-tell-local", HsmQuirk::kGeneratedKeysDoNotTellLocal},
    QuirkName{"no-finalize", HsmQuirk::kNoFinalize},
};

std::set<HsmQuirk> read_quirks(TomlTable& table) {
  std::vector<std::string> names;
  for (const QuirkName& quirk : kQuirks) names.emplace_back(quirk.name);
  const std::vector<std::string> given = table.choices("quirks", names);
  std::set<HsmQuirk> quirks;
  for (const QuirkName& quirk : kQuirks) {
    if (std::ranges::find(given, quirk.name) != given.end()) quirks.insert(quirk.quirk);
  }
  return quirks;
}

bool is_path(std::string_view text) { return text.starts_with('/') || text.starts_with("${"); }

std::vector<std::string> read_paths(TomlTable& table, const std::string& key, std::size_t at_least = 0) {
  std::vector<std::string> paths = table.texts(key, at_least);
  for (const std::string& path : paths) {
    if (path.empty() || is_path(path)) continue;  // an empty one was complained about
    table.complain(key, fmt::format("has \"{}\"; expected absolute paths", printable(path)));
  }
  return paths;
}

std::vector<std::string> read_system_calls(TomlTable& table) {
  std::vector<std::string> names = table.texts("system_calls");
  for (const std::string& name : names) {
    if (name.empty()) continue;  // was complained about
    if (const auto why = why_never(name); why.has_value()) {
      table.complain("system_calls",
                     fmt::format("has \"{}\", which {}; no profile may have it: remove it", printable(name), *why));
    } else if (!is_system_call(name)) {
      table.complain("system_calls", fmt::format("has \"{}\", which is no name of a system call", printable(name)));
    }
  }
  return names;
}

std::vector<HsmPathIn> read_readable_in(TomlTable& sandbox) {
  std::vector<HsmPathIn> all;
  for (TomlTable& table : sandbox.tables("readable_in")) {
    HsmPathIn path{.file = table.text("file"), .key = table.text("key")};
    if (!path.file.empty() && !is_path(path.file)) table.complain("file", "expected an absolute path");
    all.push_back(std::move(path));
  }
  return all;
}

HsmSandbox read_sandbox(TomlTable table) {
  HsmSandbox sandbox;
  sandbox.readable = read_paths(table, "readable");
  sandbox.writable = read_paths(table, "writable");
  sandbox.devices = read_paths(table, "devices");
  sandbox.unix_sockets = read_paths(table, "unix_sockets");
  for (const std::int64_t port : table.integers("tcp_ports", 1, 65'535)) {
    sandbox.tcp_ports.push_back(static_cast<std::uint16_t>(port));
  }
  sandbox.system_calls = read_system_calls(table);
  sandbox.loads_code = table.boolean("loads_code", false);
  sandbox.makes_code = table.boolean("makes_code", false);
  sandbox.readable_in = read_readable_in(table);
  return sandbox;
}

void read_calling(TomlTable& root, HsmProfile& profile) {
  profile.max_sessions = static_cast<std::uint32_t>(root.integer("max_sessions", 0, 1'000'000, 0));
  profile.thread_safe = root.boolean("thread_safe", true);
  profile.mechanisms = root.choices("mechanisms", hsm_mechanism_names());
  profile.quirks = read_quirks(root);
  for (const std::int64_t code : root.integers("restart_codes", 1, 0xFFFFFFFF)) {
    profile.restart_codes.insert(static_cast<std::uint64_t>(code));
  }
  profile.keep_alive = root.duration("keep_alive", 0s, 24h, 0s);
  profile.deadline = root.fine_duration("deadline", 0ms, 60s, 0ms);
}

}  // namespace

const std::vector<std::string>& hsm_mechanism_names() {
  static const std::vector<std::string> kNames = {
      "CKM_RSA_PKCS",     "CKM_SHA256_RSA_PKCS",     "CKM_SHA384_RSA_PKCS",     "CKM_SHA512_RSA_PKCS",
      "CKM_RSA_PKCS_PSS", "CKM_SHA256_RSA_PKCS_PSS", "CKM_SHA384_RSA_PKCS_PSS", "CKM_SHA512_RSA_PKCS_PSS",
      "CKM_ECDSA",        "CKM_ECDSA_SHA256",        "CKM_ECDSA_SHA384",        "CKM_ECDSA_SHA512",
      "CKM_EDDSA",
  };
  return kNames;
}

Result<HsmProfile> parse_hsm_profile(ByteView text, const std::string& file) {
  SIGNET_TRY(const auto document, TomlDocument::parse(text, file));
  TomlTable root = document->root();
  HsmProfile profile;
  profile.name = root.text("name");
  profile.tested = root.choice("tested", {"ci", "documentation"}) == "ci" ? HsmTested::kCi : HsmTested::kDocumentation;
  profile.source = root.text("source");
  profile.modules = root.texts("modules", 1);
  for (const std::string& path : profile.modules) {
    if (path.starts_with('/')) continue;  // dlopen would search for it elsewhere
    root.complain("modules", fmt::format("has \"{}\"; expected absolute paths", printable(path)));
  }
  read_calling(root, profile);
  profile.init_arguments = root.optional_text("init_arguments").value_or("");
  profile.environment = read_environment(root);
  if (auto sandbox = root.optional_table("sandbox")) profile.sandbox = read_sandbox(*sandbox);
  SIGNET_CHECK(document->finish());
  return profile;
}

Result<Bytes> read_hsm_profile(const std::string& path, const std::string& field) {
  return read_file(path, kLargestProfile, FileTrust::kNotWritable, field);
}

Result<HsmProfile> load_hsm_profile(const std::string& path, const std::string& field) {
  SIGNET_TRY(const Bytes text, read_hsm_profile(path, field));
  return parse_hsm_profile(text, path);
}

Result<std::string> find_module(const HsmProfile& profile) {
  for (const std::string& path : profile.modules) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(path, ignored)) return path;
  }
  return fail(
      ErrorCode::kFailedPrecondition,
      fmt::format("no PKCS#11 module of \"{}\" is installed: none of {} exists; install the vendor's package, or "
                  "name the module's path in the profile's \"modules\"",
                  printable(profile.name), printable(fmt::format("{}", fmt::join(profile.modules, ", ")), 1024)),
      "modules");
}

}  // namespace signet
