#include "commands.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/bytes.h"
#include "connect.h"

namespace signet::cli {
namespace {

using nlohmann::json;

json to_json(const DaemonStatus& status) {
  const auto time = [](DaemonStatus::Time at) { return time_text(std::chrono::floor<std::chrono::seconds>(at)); };
  json issuers = json::array();
  for (const auto& issuer : status.issuers) {
    issuers.push_back({{"name", issuer.name},
                       {"subject", issuer.subject},
                       {"not_after", time(issuer.not_after)},
                       {"key", issuer.key},
                       {"available", issuer.available},
                       {"state", issuer.state}});
  }
  json tokens = json::array();
  for (const auto& token : status.tokens) {
    tokens.push_back(
        {{"name", token.name}, {"available", token.available}, {"restarts", token.restarts}, {"keys", token.keys}});
  }
  json checkpoint = nullptr;
  if (status.checkpoint_time != DaemonStatus::Time{}) {
    checkpoint = {{"size", status.checkpoint_size}, {"time", time(status.checkpoint_time)}};
  }
  return {{"version", status.version},   {"origin", status.origin}, {"started", time(status.started)},
          {"log_size", status.log_size}, {"issued", status.issued}, {"requests_in_flight", status.requests_in_flight},
          {"checkpoint", checkpoint},    {"issuers", issuers},      {"tokens", tokens}};
}

std::string to_text(const DaemonStatus& status) {
  const auto time = [](DaemonStatus::Time at) { return time_text(std::chrono::floor<std::chrono::seconds>(at)); };
  std::string text = fmt::format(
      "signetd {} for {}, since {}\n"
      "  {} certificates issued, {} log entries, {} requests in flight\n",
      status.version, status.origin, time(status.started), status.issued, status.log_size, status.requests_in_flight);
  text += status.checkpoint_time == DaemonStatus::Time{}
              ? std::string("  no checkpoint of the log yet\n")
              : fmt::format("  newest checkpoint: {} entries, at {}\n", status.checkpoint_size,
                            time(status.checkpoint_time));
  for (const auto& issuer : status.issuers) {
    text += fmt::format(
        "  issuer {}: {}{}; {}, until {}, key {}\n", issuer.name, issuer.available ? "available" : "NOT AVAILABLE",
        issuer.state == "retiring" ? ", retiring" : "", issuer.subject, time(issuer.not_after), issuer.key);
  }
  for (const auto& token : status.tokens) {
    text += fmt::format("  token {}: {}; {} restarts, keys: {}\n", token.name,
                        token.available ? "available" : "NOT AVAILABLE", token.restarts, fmt::join(token.keys, ", "));
  }
  return text;
}

}  // namespace

namespace {

/// As it is written to a file or standard output.
Result<std::string> in_format(const TrustBundle& bundle, const std::string& format) {
  if (format == "spiffe") return to_spiffe_bundle(bundle);
  if (format.empty() || format == "pem") return to_pem({}, bundle.roots) + to_pem({}, bundle.intermediates);
  std::string der;
  for (const auto* const list : {&bundle.roots, &bundle.intermediates}) {
    for (const ByteVector& certificate : *list) der += text_of(certificate);
  }
  return der;
}

}  // namespace

Result<void> bundle(const Flags& flags, const BundleArguments& arguments, Format format) {
  if (format == Format::kJson && !arguments.format.empty() && is_standard_output(arguments.out_file)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("--json and --format {} are two forms for standard output; leave one out, or name a file "
                            "with --out",
                            printable(arguments.format)),
                "--format");
  }
  SIGNET_CHECK(check_writable(arguments.out_file, arguments.force, "--out"));
  SIGNET_TRY(Settings settings, load_settings(flags));
  SIGNET_TRY(Client client, make_client(std::move(settings.client), format));
  SIGNET_TRY(TrustBundle got, client.trust_bundle());
  if (arguments.roots_only) got.intermediates.clear();
  SIGNET_TRY(const std::string text, in_format(got, arguments.format));
  const bool to_file = !is_standard_output(arguments.out_file);
  if (to_file) SIGNET_CHECK(write_output(arguments.out_file, text, arguments.force));
  if (format == Format::kText) {
    if (!to_file) SIGNET_CHECK(print(text));
    std::fputs(
        fmt::format("{} root(s) and {} intermediate(s) of {}\n", got.roots.size(), got.intermediates.size(), got.origin)
            .c_str(),
        stderr);
    return {};
  }
  json roots = json::array();
  json intermediates = json::array();
  for (const auto& certificate : got.roots) roots.push_back(to_pem(certificate));
  for (const auto& certificate : got.intermediates) intermediates.push_back(to_pem(certificate));
  return print_json({{"origin", got.origin},
                     {"sequence", got.sequence},
                     {"refresh_hint_seconds", got.refresh_hint.count()},
                     {"roots", roots},
                     {"intermediates", intermediates}});
}

Result<void> status(const Flags& flags, Format format) {
  SIGNET_TRY(Settings settings, load_settings(flags));
  SIGNET_TRY(Client client, make_client(std::move(settings.client), format));
  SIGNET_TRY(const DaemonStatus got, client.status());
  return format == Format::kJson ? print_json(to_json(got)) : print(to_text(got));
}

}  // namespace signet::cli
