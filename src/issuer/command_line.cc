#include "issuer/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/bytes.h"
#include "base/ops_log.h"
#include "base/sandbox.h"
#include "base/version.h"
#include "issuer/rebuild.h"

namespace signet {

namespace {

constexpr const char* kHelp =
    R"(signet-issuer: issues certificates. It is started by signetd; by hand it can make the store again.

Usage: signet-issuer --rebuild-store [--config FILE] [--older-log DIRECTORY]... [--force]

  --rebuild-store        Make store/store.sqlite again from the log and its predecessor: beside the old one, which it then
                         replaces. signetd must not run. Progress is on standard error
  --config FILE          The configuration (docs/configuration.md) [/etc/signet/signet.toml]
  --older-log DIRECTORY  A log from before the configured predecessor; repeat it, the oldest first
  --force                Also if the old store knows entries that the logs do not have: they are forgotten
  --help                 This text
  --version              The version

Exit status:
  0  done
  1  failed, and the old store is as it was; standard error says why
  2  the command line or the configuration is wrong

Example, as the user that signet-issuer runs as:
  signet-issuer --rebuild-store --config /etc/signet/signet.toml
)";

struct Order {
  bool help = false;
  bool version = false;
  bool rebuild = false;
  RebuildOptions options;
};

std::unexpected<Error> wrong(std::string message) { return fail(ErrorCode::kInvalidArgument, std::move(message)); }

Result<Order> parse(const std::vector<std::string>& arguments) {
  Order order;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    const bool takes_value = name == "--config" || name == "--older-log";
    if (takes_value && i + 1 == arguments.size()) return wrong(name + " needs a value");
    if (name == "--help" || name == "-h") {
      order.help = true;
    } else if (name == "--version") {
      order.version = true;
    } else if (name == "--rebuild-store") {
      order.rebuild = true;
    } else if (name == "--force") {
      order.options.force = true;
    } else if (name == "--config") {
      order.options.config_file = arguments[++i];
    } else if (name == "--older-log") {
      order.options.older_logs.push_back(arguments[++i]);
    } else {
      return wrong(fmt::format("there is no option {}", printable(name)));
    }
  }
  if (!order.help && !order.version && !order.rebuild) return wrong("--rebuild-store is missing");
  return order;
}

int say(const Error& error) {
  fmt::print(stderr, "signet-issuer: {}\n", error.message);
  if (!error.field.empty()) fmt::print(stderr, "  field: {}\n", error.field);
  return error.code == ErrorCode::kInvalidArgument ? 2 : 1;
}

}  // namespace

int run_issuer_command(const std::vector<std::string>& arguments) {
  const auto order = parse(arguments);
  if (!order.has_value()) {
    fmt::print(stderr, "signet-issuer: {}; see signet-issuer --help\n", order.error().message);
    return 2;
  }
  if (order->help) {
    fmt::print("{}", kHelp);
    return 0;
  }
  if (order->version) {
    fmt::print("signet-issuer {}\n", kVersion);
    return 0;
  }
  ops::open("signet-issuer");
  if (const auto hardened = harden_process(); !hardened.has_value()) return say(hardened.error());
  const auto rebuilt = rebuild_store(order->options);
  return rebuilt.has_value() ? 0 : say(rebuilt.error());
}

}  // namespace signet
