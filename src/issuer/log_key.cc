#include "issuer/log_key.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/log_key_file.h"

namespace signet {

Result<log::NoteVerifier> load_log_key(const KeyConfig& key, const std::string& origin) {
  SIGNET_TRY(const PublicKey public_key, read_log_public_key(key));
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
