#include "issuer/log_key.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "x509/certificate.h"

namespace signet {

namespace {

constexpr std::size_t kMaxKeyFile = std::size_t{16} * 1024;

Result<PublicKey> read_public_key(const KeyConfig& key) {
  const std::string field = "key." + key.name + ".public_key";
  SIGNET_TRY(const Bytes content, read_file(key.public_key, kMaxKeyFile, FileTrust::kNotWritable, field));
  const auto refuse = [&](const std::string& why) {
    return fail(ErrorCode::kFailedPrecondition, fmt::format("{}: {}", key.public_key, why), field);
  };
  const auto blocks = decode_pem(text_of(content), "PUBLIC KEY");
  if (!blocks.has_value()) return refuse(blocks.error().message);
  if (blocks->size() != 1) return refuse(fmt::format("{} public keys; one is expected", blocks->size()));
  auto read = PublicKey::from_spki(blocks->front());
  if (!read.has_value()) return refuse(read.error().message);
  if (read->type() == KeyType::kEd25519 || read->type() == KeyType::kEcP256) return *std::move(read);
  return refuse(fmt::format("{} cannot sign checkpoints; ed25519 and ec-p256 can", read->describe()));
}

}  // namespace

Result<log::NoteVerifier> load_log_key(const KeyConfig& key, const std::string& origin) {
  SIGNET_TRY(const PublicKey public_key, read_public_key(key));
  const auto type = public_key.type() == KeyType::kEd25519 ? log::NoteKeyType::kEd25519 : log::NoteKeyType::kEcdsa;
  return log::NoteVerifier::make(origin, type, public_key);
}

Result<std::optional<log::TreeHead>> last_checkpoint_of(const internal::TokenDescription& description,
                                                        const std::string& key) {
  const auto described = std::ranges::find(description.keys(), key, &internal::KeyDescription::name);
  if (described == description.keys().end())
    return fail(ErrorCode::kInternal, fmt::format("the keyholder does not know the log's key {}", key));
  if (!described->has_last_checkpoint()) return std::nullopt;
  log::TreeHead head{.size = described->last_checkpoint().size(), .root = {}};
  const std::string& root = described->last_checkpoint().root();
  if (root.size() != head.root.size())
    return fail(ErrorCode::kInternal, fmt::format("the keyholder says a root of {} bytes", root.size()));
  std::ranges::copy(bytes_of(root), head.root.begin());
  return head;
}

Result<std::optional<log::TreeHead>> KeyholderCheckpointKey::last_signed() {
  SIGNET_TRY(const internal::TokenDescription description, keyholders_.of_key(key_).describe(deadline_));
  return last_checkpoint_of(description, key_);
}

Result<Bytes> KeyholderCheckpointKey::sign(std::string_view text, std::uint64_t old_size, const log::Proof& proof) {
  internal::SignRequest request;
  request.set_key(key_);
  request.set_kind(internal::ARTIFACT_KIND_LOG_CHECKPOINT);
  request.set_structure(std::string(text));
  request.mutable_consistency()->set_old_size(old_size);
  for (const Sha256& hash : proof) request.mutable_consistency()->add_hashes(std::string(text_of(hash)));
  SIGNET_TRY(const SignatureValue signature, keyholders_.of_key(key_).sign(std::move(request), deadline_));
  return signature.bytes();
}

}  // namespace signet
