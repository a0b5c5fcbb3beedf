#include "config/hsm_profile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <system_error>

#include "base/file.h"
#include "base/toml_reader.h"

namespace signet {

namespace {

constexpr std::size_t kLargestProfile = 64 * 1024;

}  // namespace

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
  profile.max_sessions = static_cast<std::uint32_t>(root.integer("max_sessions", 0, 1'000'000, 0));
  profile.thread_safe = root.boolean("thread_safe", true);
  SIGNET_CHECK(document->finish());
  return profile;
}

Result<HsmProfile> load_hsm_profile(const std::string& path, const std::string& field) {
  SIGNET_TRY(const Bytes text, read_file(path, kLargestProfile, FileTrust::kNotWritable, field));
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
