// The operations log: what an operator reads. It informs; the audit log permits. Structured lines on standard error:
//   2026-01-02T03:04:05.678Z info signet-issuer[4711] intent recovered serial=3f01 request=8c2e-17
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace signet::ops {

/// A name and its value. Values with spaces or control characters are quoted and escaped. Never give it a secret.
using Field = std::pair<std::string_view, std::string>;

/// Once at the start of main(): the name every line carries. Lines below warning are left out when `quiet`.
void open(std::string_view process, bool quiet = false);

/// Thread-safe; each call writes one line with one write.
void info(std::string_view what, std::initializer_list<Field> fields = {});
void warning(std::string_view what, std::initializer_list<Field> fields = {});
void error(std::string_view what, std::initializer_list<Field> fields = {});

}  // namespace signet::ops
