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
  std::string log_key;
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
  const std::string log_key = root.optional_text("log_key").value_or("");
  values.log_key = log_key.empty() || log::NoteVerifier::parse(log_key) ? log_key : path("log_key");
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

/// The key itself, or the file that holds it and nothing else.
Result<LogKey> read_log_key(const std::string& text) {
  if (text.empty()) return LogKey();
  if (auto key = log::NoteVerifier::parse(text); key.has_value()) return *std::move(key);
  constexpr std::size_t kMaxKeyBytes = 4096;
  SIGNET_TRY(const Bytes file, read_file(text, kMaxKeyBytes, FileTrust::kNotWritable, "log_key"));
  std::string_view line = text_of(file);
  while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
  auto key = log::NoteVerifier::parse(line);
  if (key.has_value()) return *std::move(key);
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{} holds no verifier key, which is one line NAME+HASH+BASE64, as a ceremony writes it: {}",
                          printable(text, 4096), key.error().message),
              "log_key");
}

}  // namespace

Result<Settings> load_settings(const Flags& flags) {
  SIGNET_TRY(const FileValues file, find_config(flags.config_file));
  Settings settings;
  ClientOptions& options = settings.client;
  SIGNET_TRY(options.address, required(flags.address, "SIGNET_ADDRESS", file.address, "address"));
  SIGNET_TRY(options.certificate_file,
             required(flags.certificate, "SIGNET_CERTIFICATE", file.certificate, "certificate"));
  SIGNET_TRY(options.key_file, required(flags.key, "SIGNET_KEY", file.key, "key"));
  SIGNET_TRY(options.trust_file, required(flags.trust, "SIGNET_TRUST", file.trust, "trust"));
  options.server_name = optional(flags.server_name, "SIGNET_SERVER_NAME", file.server_name);
  options.origin = optional(flags.origin, "SIGNET_ORIGIN", file.origin);
  SIGNET_TRY(options.deadline, choose_timeout(flags.timeout, file.timeout));
  SIGNET_TRY(settings.log_key, read_log_key(optional(flags.log_key, "SIGNET_LOG_KEY", file.log_key)));
  return settings;
}

}  // namespace signet::cli
