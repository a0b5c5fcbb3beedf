// A client made of the settings.
#pragma once

#include <string>

#include "output.h"
#include "settings.h"

namespace signet::cli {

/// Says once, at the first wait, that there is one, unless a program reads along; options.on_retry hears of each.
/// `idempotency_key` is what a request can be repeated with; empty where none belongs to it. Connects to nothing.
[[nodiscard]] Result<Client> make_client(ClientOptions options, Format format, const std::string& idempotency_key = {});

}  // namespace signet::cli
