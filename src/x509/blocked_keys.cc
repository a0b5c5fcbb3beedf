#include "x509/blocked_keys.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>

#include "base/file.h"
#include "x509/key_rule.h"
#include "x509/spki.h"

namespace signet {
namespace {

/// -1 for what is no lower-case digit: one spelling of each hash, so that lists can be compared and joined line by
/// line.
int digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// False unless `line` is exactly `hash` in lower-case hexadecimal.
template <std::size_t N>
bool read_hash(std::string_view line, std::array<std::uint8_t, N>& hash) noexcept {
  int wrong = 0;
  for (std::size_t i = 0; i < N; ++i) {
    const int high = digit(line[2 * i]);
    const int low = digit(line[2 * i + 1]);
    wrong |= high | low;
    hash[i] = static_cast<std::uint8_t>((static_cast<unsigned>(high) << 4U | static_cast<unsigned>(low)) & 0xFFU);
  }
  return wrong >= 0;
}

template <class Hash>
bool append_hash(std::string_view line, std::vector<Hash>& hashes) {
  Hash hash{};
  if (!read_hash(line, hash)) return false;
  hashes.push_back(hash);
  return true;
}

template <class Hash>
void sort_each_once(std::vector<Hash>& hashes) {
  if (!std::ranges::is_sorted(hashes)) std::ranges::sort(hashes);
  const auto repeated = std::ranges::unique(hashes);
  hashes.erase(repeated.begin(), repeated.end());
  hashes.shrink_to_fit();
}

std::unexpected<Error> bad_line(const std::string& file, std::size_t number, std::string_view line) {
  constexpr std::size_t kShown = 80;
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("{}:{}: is \"{}\"; expected 64 lower-case hexadecimal digits (the SHA-256 of a "
                          "SubjectPublicKeyInfo), 20 (a line of Debian's openssl-blacklist) or a comment that begins "
                          "with #",
                          printable(file), number, printable(line, kShown)));
}

}  // namespace

BlockedKeys::ModulusHash BlockedKeys::hash_of_modulus(ByteView modulus) {
  std::string text = "Modulus=";
  for (const std::uint8_t byte : modulus) fmt::format_to(std::back_inserter(text), "{:02X}", byte);
  text += '\n';
  std::array<std::uint8_t, 20> sha1{};
  EVP_Digest(text.data(), text.size(), sha1.data(), nullptr, EVP_sha1(), nullptr);  // built in: cannot fail
  ModulusHash last{};
  std::ranges::copy(std::span(sha1).last<10>(), last.begin());
  return last;
}

Result<BlockedKeys> BlockedKeys::load(const std::string& path, const std::string& field) {
  SIGNET_TRY(const Bytes text, read_file(path, kLargestFile_bytes, FileTrust::kNotWritable, field));
  Result<BlockedKeys> keys = parse(text, path);
  if (!keys.has_value()) keys.error().field = field;
  return keys;
}

bool BlockedKeys::add(std::string_view line) {
  if (line.empty() || line.starts_with('#')) return true;
  if (line.size() == 2 * std::tuple_size_v<Sha256>) return append_hash(line, spkis_);
  return line.size() == 2 * std::tuple_size_v<ModulusHash> && append_hash(line, moduli_);
}

void BlockedKeys::sort() {
  sort_each_once(spkis_);
  sort_each_once(moduli_);
}

Result<BlockedKeys> BlockedKeys::parse(ByteView text, const std::string& file) {
  BlockedKeys keys;
  std::string_view rest = text_of(text);
  for (std::size_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("{}:{}: does not end in a line feed; the file may have been cut off: copy it again",
                              printable(file), number));
    }
    const std::string_view line = rest.substr(0, end);
    if (!keys.add(line)) return bad_line(file, number, line);
    rest.remove_prefix(end + 1);
  }
  keys.sort();
  if (keys.size() > 0) return keys;
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("{}: names no key; put hashes into it, or take the file out of the configuration", printable(file)));
}

bool BlockedKeys::contains(const PublicKey& key) const {
  if (std::ranges::binary_search(spkis_, key.spki_sha256())) return true;
  if (moduli_.empty() || key.type() != KeyType::kRsa) return false;
  const Result<SpkiParts> parts = parse_spki(key.spki());  // was read before: cannot fail
  return parts.has_value() && std::ranges::binary_search(moduli_, hash_of_modulus(parts->modulus));
}

Result<void> BlockedKeys::check(const PublicKey& key) const {
  if (size() == 0 || !contains(key)) return {};
  return refuse_key("key.blocked",
                    fmt::format("the key with SHA-256 {} is on the list of blocked keys: others know its "
                                "private half; make a new key",
                                to_hex(key.spki_sha256())));
}

}  // namespace signet
