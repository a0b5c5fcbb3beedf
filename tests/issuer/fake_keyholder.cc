#include "issuer/fake_keyholder.h"

#include <algorithm>
#include <stdexcept>

#include "log/checkpoint.h"
#include "log/merkle.h"
#include "wire/status.h"

namespace signet::test {
namespace {

std::string text_from(ByteView bytes) { return std::string(text_of(bytes)); }

internal::KeyDescription describe_key(const std::string& name, ByteView spki) {
  internal::KeyDescription key;
  key.set_name(name);
  key.set_uri("pkcs11:token=signet-test;object=" + name + ";type=private");
  key.set_spki(text_from(spki));
  (*key.mutable_attributes())["CKA_SENSITIVE"] = true;
  (*key.mutable_attributes())["CKA_EXTRACTABLE"] = false;
  return key;
}

}  // namespace

log::NoteVerifier FakeLogKey::verifier() const {
  return log::NoteVerifier::make(origin, log::NoteKeyType::kEd25519, public_key_of(key.get())).value();
}

std::string FakeLogKey::pem() const { return encode_pem("PUBLIC KEY", spki_of(key.get())); }

std::optional<log::TreeHead> FakeToken::head(const std::string& name) const {
  const std::scoped_lock lock(mutex_);
  return log_keys_.at(name).head;
}

void FakeToken::set_head(const std::string& name, std::optional<log::TreeHead> head) {
  const std::scoped_lock lock(mutex_);
  log_keys_.at(name).head = head;
}

std::vector<std::string> FakeToken::violations() const {
  const std::scoped_lock lock(mutex_);
  return violations_;
}

std::size_t FakeToken::checkpoints() const {
  const std::scoped_lock lock(mutex_);
  return checkpoints_;
}

internal::TokenDescription FakeToken::describe() const {
  const std::scoped_lock lock(mutex_);
  internal::TokenDescription description;
  description.set_label("signet-test");
  description.set_manufacturer("Test");
  description.set_model("Fake");
  description.set_serial("4711");
  description.set_firmware("1.0");
  for (const auto& [name, spki] : issuing_keys_) *description.add_keys() = describe_key(name, spki);
  for (const auto& [name, key] : log_keys_) {
    internal::KeyDescription& described = *description.add_keys();
    described = describe_key(name, spki_of(key.key.get()));
    if (!key.head.has_value()) continue;
    described.mutable_last_checkpoint()->set_size(key.head->size);
    described.mutable_last_checkpoint()->set_root(text_from(key.head->root));
  }
  return description;
}

Result<void> FakeToken::check(const FakeLogKey& key, const internal::SignRequest& request) const {
  SIGNET_TRY(const log::Checkpoint checkpoint, log::parse_checkpoint(request.structure()));
  const log::TreeHead before = key.head.value_or(log::TreeHead{.size = 0, .root = log::empty_root()});
  const auto refuse = [](const std::string& why) { return fail(ErrorCode::kPermissionDenied, why, "fence.test"); };
  if (checkpoint.origin != key.origin) return refuse("origin " + checkpoint.origin);
  if (checkpoint.size < before.size) return refuse("size " + std::to_string(checkpoint.size));
  if (request.consistency().old_size() != before.size) return refuse("old size");
  log::Proof proof;
  for (const std::string& hash : request.consistency().hashes()) {
    Sha256 one{};
    if (hash.size() != one.size()) return refuse("a hash of another length");
    std::copy(hash.begin(), hash.end(), one.begin());
    proof.push_back(one);
  }
  return log::verify_consistency(before.size, checkpoint.size, before.root, checkpoint.root, proof);
}

Result<Bytes> FakeToken::sign_checkpoint(const internal::SignRequest& request) {
  const std::scoped_lock lock(mutex_);
  if (refuses_checkpoints) {
    return fail_retryable(ErrorCode::kUnavailable, "the test's token is asleep", std::chrono::milliseconds(100));
  }
  const auto key = log_keys_.find(request.key());
  if (key == log_keys_.end()) return fail(ErrorCode::kNotFound, "no such log key " + request.key());
  if (const auto checked = check(key->second, request); !checked.has_value()) {
    violations_.push_back(checked.error().message);
    return std::unexpected(checked.error());
  }
  const log::Checkpoint checkpoint = log::parse_checkpoint(request.structure()).value();
  key->second.head = log::TreeHead{.size = checkpoint.size, .root = checkpoint.root};
  ++checkpoints_;
  return sign(key->second.key.get(), SignatureAlgorithm::kEd25519, bytes_of(request.structure())).bytes();
}

FakeKeyholder::FakeKeyholder(std::unique_ptr<Channel> channel, FakeToken& token)
    : channel_(std::move(channel)), token_(token), reader_([this] { read(); }) {}

FakeKeyholder::~FakeKeyholder() {
  channel_->shutdown();
  reader_.join();
}

void FakeKeyholder::read() {
  while (true) {
    const auto question = channel_->receive<internal::IssuerToKeyholder>();
    if (!question.has_value()) break;
    const bool checkpoint = question->has_sign() && question->sign().kind() == internal::ARTIFACT_KIND_LOG_CHECKPOINT;
    if (question->has_describe() || checkpoint) {
      answer(*question);
      continue;
    }
    const std::scoped_lock lock(mutex_);
    questions_.push_back(*question);
    changed_.notify_all();
  }
  ended_ = true;
}

void FakeKeyholder::answer(const internal::IssuerToKeyholder& question) {
  internal::KeyholderToIssuer message;
  message.set_id(question.id());
  if (question.has_describe()) {
    *message.mutable_description() = token_.describe();
  } else if (const auto signature = token_.sign_checkpoint(question.sign()); signature.has_value()) {
    message.set_signature(text_from(*signature));
  } else {
    *message.mutable_error() = to_failure(signature.error());
  }
  static_cast<void>(channel_->send(message));  // an issuer that has gone does not hear it
}

internal::IssuerToKeyholder FakeKeyholder::next() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, std::chrono::seconds(20), [&] { return !questions_.empty(); }))
    throw std::runtime_error("the issuer asked nothing for 20 s");
  internal::IssuerToKeyholder question = std::move(questions_.front());
  questions_.pop_front();
  return question;
}

bool FakeKeyholder::was_asked() {
  const std::scoped_lock lock(mutex_);
  return !questions_.empty();
}

}  // namespace signet::test
