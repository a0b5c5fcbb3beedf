#include "settings.h"

#include <fmt/format.h>

#include <cstdlib>
#include <optional>

#include "base/clock.h"
#include "base/file.h"
#include "base/toml_reader.h"

namespace signet::cli {
namespace {

using std::chrono::seconds;

constexpr std::size_t kMaxConfigBytes = std::size_t{64} * 1024;
constexpr seconds kMinTimeout{1};
constexpr seconds kMaxTimeout{3600};

/// An empty variable counts as absent.
std::string environment(const char* name) {
  const char* const value = std::getenv(name);  // before any thread starts
  return value != nullptr ? value : "";
}

/// The file's values, paths resolved; empty where absent.
struct FileValues {
  std::string file;
  std::string address;
  std::string certificate;
  std::string key;
  std::string trust;
  std::string server_name;
  std::string origin;
  std::optional<seconds> timeout;
};

Result<FileValues> read_config(const std::string& file) {
  SIGNET_TRY(const Bytes text, read_file(file, kMaxConfigBytes, FileTrust::kNotWritable, "config"));
  SIGNET_TRY(const auto document, TomlDocument::parse(text, file));
  TomlTable root = document->root();
  const auto path = [&](const char* key) {
    const auto value = root.optional_text(key);
    return value.has_value() ? resolve_path(directory_of(file), *value) : std::string();
  };
  FileValues values;
  values.file = file;
  values.address = root.optional_text("address").value_or("");
  values.certificate = path("certificate");
  values.key = path("key");
  values.trust = path("trust");
  values.server_name = root.optional_text("server_name").value_or("");
  values.origin = root.optional_text("origin").value_or("");
  if (root.has("timeout")) values.timeout = root.duration("timeout", kMinTimeout, kMaxTimeout);
  SIGNET_CHECK(document->finish());
  return values;
}

Result<FileValues> find_config(const std::string& flag) {
  const std::string named = !flag.empty() ? flag : environment("SIGNET_CONFIG");
  if (!named.empty()) return read_config(named);
  const std::string home = environment("HOME");
  for (const std::string& file :
       {home.empty() ? "" : home + "/.config/signet/signet.toml", std::string("/etc/signet/client.toml")}) {
    if (file.empty()) continue;
    auto values = read_config(file);
    if (values.has_value() || values.error().code != ErrorCode::kNotFound) return values;
  }
  return FileValues{};
}

std::string optional(const std::string& flag, const char* variable, const std::string& from_file) {
  if (!flag.empty()) return flag;
  const std::string value = environment(variable);
  return !value.empty() ? value : from_file;
}

Result<std::string> required(const std::string& flag, const char* variable, const std::string& from_file,
                             const char* key) {
  if (auto value = optional(flag, variable, from_file); !value.empty()) return value;
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("no {0} is set; give --{0}, set {1}, or write {0} = \"...\" into ~/.config/signet/signet.toml", key,
                  variable),
      key);
}

Result<seconds> choose_timeout(const std::string& flag, std::optional<seconds> from_file) {
  if (flag.empty()) return from_file.value_or(seconds(30));
  auto timeout = parse_duration(flag);
  if (timeout.has_value() && *timeout >= kMinTimeout && *timeout <= kMaxTimeout) return *timeout;
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("--timeout \"{}\" is not a duration from 1s to 1h, such as 30s", printable(flag)), "timeout");
}

}  // namespace

Result<ClientOptions> load_settings(const Flags& flags) {
  SIGNET_TRY(const FileValues file, find_config(flags.config_file));
  ClientOptions options;
  SIGNET_TRY(options.address, required(flags.address, "SIGNET_ADDRESS", file.address, "address"));
  SIGNET_TRY(options.certificate_file,
             required(flags.certificate, "SIGNET_CERTIFICATE", file.certificate, "certificate"));
  SIGNET_TRY(options.key_file, required(flags.key, "SIGNET_KEY", file.key, "key"));
  SIGNET_TRY(options.trust_file, required(flags.trust, "SIGNET_TRUST", file.trust, "trust"));
  options.server_name = optional(flags.server_name, "SIGNET_SERVER_NAME", file.server_name);
  options.origin = optional(flags.origin, "SIGNET_ORIGIN", file.origin);
  SIGNET_TRY(options.deadline, choose_timeout(flags.timeout, file.timeout));
  return options;
}

}  // namespace signet::cli
