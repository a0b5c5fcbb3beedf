#include "base/bytes.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/utf8.h"

namespace signet {

ByteView bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string_view text_of(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Bytes copy_of(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

void append(Bytes& to, ByteView bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

bool equal(ByteView a, ByteView b) noexcept { return std::ranges::equal(a, b); }

bool equal_constant_time(ByteView a, ByteView b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string to_hex(ByteView bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  return text;
}

Result<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return fail(ErrorCode::kInvalidArgument, "hexadecimal text has an odd number of digits");
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = ascii::hex_value(text[i]);
    const int low = ascii::hex_value(text[i + 1]);
    if (high < 0 || low < 0) return fail(ErrorCode::kInvalidArgument, "not a hexadecimal digit");
    bytes.push_back(static_cast<std::uint8_t>(high * 16 + low));
  }
  return bytes;
}

std::string to_base64(ByteView bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock writes a NUL behind the text
  const int length =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

Result<Bytes> from_base64(std::string_view text) {
  const auto invalid = [] { return fail(ErrorCode::kInvalidArgument, "not base64 (RFC 4648 section 4, padded)"); };
  if (text.size() % 4 != 0) return invalid();
  const std::size_t padding = text.ends_with("==") ? 2 : (text.ends_with("=") ? 1 : 0);
  Bytes bytes(text.size() / 4 * 3);
  const int length =
      EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (length < 0) return invalid();
  bytes.resize(static_cast<std::size_t>(length) - padding);
  if (to_base64(bytes) != text) return invalid();  // EVP_DecodeBlock forgives white space and loose bits
  return bytes;
}

namespace {

template <class T>
void append_big_endian(Bytes& to, T value) {
  for (std::size_t shift = sizeof(T) * 8; shift > 0; shift -= 8) {
    to.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> (shift - 8)));
  }
}

template <class T>
T read_big_endian(ByteView from) noexcept {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : from.first(sizeof(T))) value = (value << 8U) | byte;
  return static_cast<T>(value);
}

}  // namespace

void append_u16(Bytes& to, std::uint16_t value) { append_big_endian(to, value); }
void append_u32(Bytes& to, std::uint32_t value) { append_big_endian(to, value); }
void append_u64(Bytes& to, std::uint64_t value) { append_big_endian(to, value); }
std::uint32_t read_u32(ByteView from) noexcept { return read_big_endian<std::uint32_t>(from); }
std::uint64_t read_u64(ByteView from) noexcept { return read_big_endian<std::uint64_t>(from); }

Sha256 sha256(ByteView bytes) {
  Sha256 digest{};
  // Cannot fail: SHA-256 is built in, and the digest's size is fixed.
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return digest;
}

std::string printable(std::string_view text, std::size_t max_bytes) {
  std::string safe;
  while (!text.empty()) {
    if (safe.size() >= max_bytes) return safe + "...";
    const std::size_t length = utf8_length(text);
    const auto lead = static_cast<std::uint8_t>(text[0]);
    const bool control =
        lead < 0x20 || lead == 0x7F || (lead == 0xC2 && length == 2 && static_cast<std::uint8_t>(text[1]) < 0xA0);
    const std::size_t taken = std::max<std::size_t>(length, 1);
    if (length == 0 || control) {
      for (const std::uint8_t byte : bytes_of(text.substr(0, taken))) safe += "\\x" + to_hex(ByteView(&byte, 1));
    } else {
      safe += text.substr(0, taken);
    }
    text.remove_prefix(taken);
  }
  return safe;
}

}  // namespace signet
