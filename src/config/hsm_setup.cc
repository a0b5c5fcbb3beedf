// A profile as it applies to one installation: load_hsm_setup of config/hsm_profile.h.
#include <fmt/format.h>

#include <cstdlib>

#include "base/file.h"
#include "config/daemon_config.h"
#include "config/hsm_profile.h"

namespace signet {

namespace {

constexpr std::size_t kLargestVendorFile = std::size_t{1024} * 1024;

std::string field_of(const HsmInstallation& installation, std::string_view key) {
  return installation.field.empty() ? std::string(key) : fmt::format("{}.{}", installation.field, key);
}

Result<void> check_allowed(const HsmProfile& profile, const HsmInstallation& installation) {
  if (profile.tested == HsmTested::kCi || installation.allow_untested) return {};
  const std::string field = field_of(installation, "allow_untested");
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("the HSM profile \"{}\" was written from documents ({}), and nobody has run Signet with such "
                          "a token; try it with keys that do not matter, then say {} = true",
                          printable(profile.name), printable(profile.source, 1024), field),
              field);
}

using Environment = std::map<std::string, std::string>;

/// `text` with every "${NAME}" replaced.
Result<std::string> expand(std::string_view text, const Environment& environment, const HsmInstallation& installation) {
  std::string expanded;
  while (true) {
    const std::size_t begin = text.find("${");
    expanded += text.substr(0, begin);
    if (begin == std::string_view::npos) return expanded;
    const std::size_t end = text.find('}', begin);
    const std::string name(text.substr(begin + 2, end == std::string_view::npos ? end : end - begin - 2));
    const auto value = environment.find(name);
    if (value == environment.end() || end == std::string_view::npos) {
      const std::string field = field_of(installation, "environment");
      return fail(ErrorCode::kFailedPrecondition,
                  fmt::format("the HSM profile {} uses ${{{}}}, which is not set; set it in {}",
                              printable(installation.profile), printable(name), field),
                  field);
    }
    expanded += value->second;
    text.remove_prefix(end + 1);
  }
}

Result<void> expand_paths(std::vector<std::string>& paths, const Environment& environment,
                          const HsmInstallation& installation) {
  for (std::string& path : paths) {
    SIGNET_TRY(path, expand(path, environment, installation));
    if (path.starts_with('/')) continue;
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("the sandbox of HSM profile {} has \"{}\", which is no absolute path; check {}",
                            printable(installation.profile), printable(path), field_of(installation, "environment")));
  }
  return {};
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r;\"";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

/// The values of all lines "key = value", with or without a semicolon or quotes.
std::vector<std::string> values_in(std::string_view text, std::string_view key) {
  std::vector<std::string> values;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos || trimmed(line.substr(0, equals)) != key) continue;
    values.emplace_back(trimmed(line.substr(equals + 1)));
  }
  return values;
}

/// Whoever may write the vendor's file leads the module wherever it likes: whose it is, is the vendor's matter.
Result<void> read_vendor_files(HsmSandbox& sandbox, const Environment& environment,
                               const HsmInstallation& installation) {
  for (const HsmPathIn& path_in : sandbox.readable_in) {
    SIGNET_TRY(const std::string file, expand(path_in.file, environment, installation));
    SIGNET_TRY(const Bytes text, read_file(file, kLargestVendorFile, FileTrust::kAnyone, "sandbox.readable_in"));
    for (std::string& path : values_in(text_of(text), path_in.key)) {
      if (!path.starts_with('/')) {
        return fail(ErrorCode::kFailedPrecondition,
                    fmt::format("{} of {} is \"{}\"; the sandbox needs an absolute path", printable(path_in.key),
                                printable(file), printable(path)));
      }
      sandbox.readable.push_back(std::move(path));
    }
  }
  sandbox.readable_in.clear();
  return {};
}

}  // namespace

HsmInstallation installation_of(const TokenConfig& token) {
  return {.field = "token." + token.name,
          .profile = token.profile,
          .allow_untested = token.allow_untested,
          .environment = token.environment,
          .init_arguments = token.init_arguments,
          .readable = token.readable,
          .writable = token.writable};
}

Result<HsmProfile> load_hsm_setup(const HsmInstallation& installation) {
  const std::string field = installation.field.empty() ? "hsm_profile" : installation.field + ".profile";
  SIGNET_TRY(const Bytes text, read_hsm_profile(installation.profile, field));
  return hsm_setup_of(text, installation);
}

Result<HsmProfile> hsm_setup_of(ByteView text, const HsmInstallation& installation) {
  SIGNET_TRY(HsmProfile profile, parse_hsm_profile(text, installation.profile));
  SIGNET_CHECK(check_allowed(profile, installation));
  for (const auto& [name, value] : installation.environment) profile.environment[name] = value;
  if (!installation.init_arguments.empty()) profile.init_arguments = installation.init_arguments;
  SIGNET_TRY(profile.init_arguments, expand(profile.init_arguments, profile.environment, installation));
  HsmSandbox& sandbox = profile.sandbox;
  for (std::vector<std::string>* paths :
       {&sandbox.readable, &sandbox.writable, &sandbox.devices, &sandbox.unix_sockets}) {
    SIGNET_CHECK(expand_paths(*paths, profile.environment, installation));
  }
  SIGNET_CHECK(read_vendor_files(sandbox, profile.environment, installation));
  sandbox.readable.insert(sandbox.readable.end(), installation.readable.begin(), installation.readable.end());
  sandbox.writable.insert(sandbox.writable.end(), installation.writable.begin(), installation.writable.end());
  return profile;
}

}  // namespace signet
