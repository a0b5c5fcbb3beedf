#include "config/log_key_file.h"

#include <fmt/format.h>

#include "base/file.h"
#include "x509/certificate.h"

namespace signet {

namespace {

constexpr std::size_t kMaxKeyFile = std::size_t{16} * 1024;

Result<PublicKey> parse_one_key(ByteView content) {
  SIGNET_TRY(const std::vector<Bytes> blocks, decode_pem(text_of(content), "PUBLIC KEY"));
  if (blocks.size() != 1) {
    return fail(ErrorCode::kFailedPrecondition, fmt::format("holds {} public keys; expected one", blocks.size()));
  }
  SIGNET_TRY(PublicKey key, PublicKey::from_spki(blocks.front()));
  if (key.type() == KeyType::kEd25519 || key.type() == KeyType::kEcP256) return key;
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("holds an {} key; a log signs with ed25519 or ec-p256", key.describe()));
}

}  // namespace

Result<PublicKey> read_log_public_key(const KeyConfig& key) {
  const std::string field = fmt::format("key.{}.public_key", key.name);
  SIGNET_TRY(const Bytes content, read_file(key.public_key, kMaxKeyFile, FileTrust::kNotWritable, field));
  auto parsed = parse_one_key(content);
  if (parsed.has_value()) return parsed;
  return fail(ErrorCode::kFailedPrecondition, fmt::format("{}: {}", printable(key.public_key), parsed.error().message),
              field);
}

}  // namespace signet
