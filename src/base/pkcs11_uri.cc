#include "base/pkcs11_uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"

namespace signet {
namespace {

constexpr std::string_view kScheme = "pkcs11:";
constexpr std::array<std::string_view, 5> kTypes = {"private", "public", "cert", "secret-key", "data"};

std::unexpected<Error> refuse(std::string message) {
  return fail(ErrorCode::kInvalidArgument, std::move(message), "uri");
}

bool is_unreserved(char c) noexcept { return ascii::is_alnum(c) || std::string_view("-._~").contains(c); }

/// pk11-pchar of RFC 7512 section 2.3, without the percent-encoded form.
bool is_allowed(char c) noexcept { return is_unreserved(c) || std::string_view(":[]@!$'()*+,=&").contains(c); }

/// Whatever has "pin" in its name, in any case, may have a PIN behind it, or in it where a '=' was forgotten.
bool speaks_of_a_pin(std::string_view text) noexcept {
  constexpr std::string_view kPin = "pin";
  const auto same = [](char a, char b) { return ascii::lower(a) == b; };
  return !std::ranges::search(text, kPin, same).empty();
}

std::unexpected<Error> refuse_pin() {
  return refuse("has a PIN or names its source, which no URI may: PINs are read from the PIN file");
}

Result<Bytes> percent_decode(std::string_view name, std::string_view text) {
  Bytes decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      if (!is_allowed(text[i])) {
        return refuse(fmt::format("attribute '{}' has the character '{}', which RFC 7512 wants percent-encoded", name,
                                  printable(text.substr(i, 1))));
      }
      decoded.push_back(static_cast<std::uint8_t>(text[i]));
      continue;
    }
    const auto byte = from_hex(text.substr(i + 1, 2));
    if (!byte.has_value() || byte->size() != 1) {
      return refuse(fmt::format("attribute '{}' has a '%' without two hexadecimal digits behind it", name));
    }
    decoded.push_back(byte->front());
    i += 2;
  }
  return decoded;
}

Result<std::string> decode_text(std::string_view name, std::string_view value, std::size_t max_bytes) {
  SIGNET_TRY(const Bytes bytes, percent_decode(name, value));
  if (bytes.size() > max_bytes) {
    return refuse(fmt::format("attribute '{}' has {} bytes, more than the {} that PKCS#11 has room for", name,
                              bytes.size(), max_bytes));
  }
  if (std::ranges::find(bytes, 0) != bytes.end()) return refuse(fmt::format("attribute '{}' has a NUL byte", name));
  return std::string(text_of(bytes));
}

Result<std::string> decode_type(std::string_view value) {
  SIGNET_TRY(std::string type, decode_text("type", value, 16));
  if (std::ranges::find(kTypes, type) == kTypes.end()) {
    return refuse(fmt::format("attribute 'type' is '{}'; RFC 7512 has private, public, cert, secret-key and data",
                              printable(type)));
  }
  return type;
}

template <class T>
Result<void> set_once(std::optional<T>& to, std::string_view name, Result<T> value) {
  if (to.has_value()) return refuse(fmt::format("attribute '{}' stands there twice", name));
  if (!value.has_value()) return std::unexpected(std::move(value).error());
  to = *std::move(value);
  return {};
}

Result<void> set_attribute(Pkcs11Uri& uri, std::string_view name, std::string_view value) {
  constexpr std::size_t kMaxLabel = 255;
  if (name == "token") return set_once(uri.token, name, decode_text(name, value, 32));
  if (name == "manufacturer") return set_once(uri.manufacturer, name, decode_text(name, value, 32));
  if (name == "model") return set_once(uri.model, name, decode_text(name, value, 16));
  if (name == "serial") return set_once(uri.serial, name, decode_text(name, value, 16));
  if (name == "object") return set_once(uri.object, name, decode_text(name, value, kMaxLabel));
  if (name == "id") return set_once(uri.id, name, percent_decode(name, value));
  if (name == "type") return set_once(uri.type, name, decode_type(value));
  return refuse(
      fmt::format("attribute '{}' is not known here; known are token, manufacturer, model, serial, object, "
                  "id and type",
                  printable(name)));
}

Result<void> add_attribute(Pkcs11Uri& uri, std::string_view part) {
  const auto equals = part.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return refuse("an attribute is not of the form name=value");
  }
  const std::string_view name = part.substr(0, equals);
  const std::string_view value = part.substr(equals + 1);
  if (speaks_of_a_pin(name)) return refuse_pin();
  if (value.empty()) return refuse(fmt::format("attribute '{}' is empty; leave it out", printable(name)));
  return set_attribute(uri, name, value);
}

Result<void> refuse_query(std::string_view query) {
  if (speaks_of_a_pin(query)) return refuse_pin();
  return refuse("has a query behind a '?', which is not taken: the module comes from the HSM profile");
}

std::string percent_encode_all(ByteView bytes) {
  std::string text;
  for (const std::uint8_t byte : bytes) text += fmt::format("%{:02X}", byte);
  return text;
}

std::string percent_encode(std::string_view value) {
  std::string text;
  for (const char c : value) text += is_unreserved(c) ? std::string(1, c) : percent_encode_all(bytes_of({&c, 1}));
  return text;
}

}  // namespace

Result<Pkcs11Uri> Pkcs11Uri::parse(std::string_view text) {
  if (!text.starts_with(kScheme)) {
    return refuse(
        "is no PKCS#11 URI (RFC 7512), which begins with 'pkcs11:' in lower case, such as "
        "\"pkcs11:token=my-token;object=issuing-1;type=private\"");
  }
  text.remove_prefix(kScheme.size());
  if (const auto query = text.find('?'); query != std::string_view::npos) {
    SIGNET_CHECK(refuse_query(text.substr(query + 1)));
  }
  Pkcs11Uri uri;
  while (!text.empty()) {
    const auto end = text.find(';');
    SIGNET_CHECK(add_attribute(uri, text.substr(0, end)));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
    if (text.empty()) return refuse("the URI ends in ';'");
  }
  return uri;
}

std::string Pkcs11Uri::text() const {
  std::string path;
  const auto add = [&](std::string_view name, const std::string& encoded) {
    path += fmt::format("{}{}={}", path.empty() ? "" : ";", name, encoded);
  };
  if (token) add("token", percent_encode(*token));
  if (manufacturer) add("manufacturer", percent_encode(*manufacturer));
  if (model) add("model", percent_encode(*model));
  if (serial) add("serial", percent_encode(*serial));
  if (object) add("object", percent_encode(*object));
  if (id) add("id", percent_encode_all(*id));
  if (type) add("type", *type);
  return std::string(kScheme) + path;
}

}  // namespace signet
