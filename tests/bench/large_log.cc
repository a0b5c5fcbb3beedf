#include "bench/large_log.h"

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <filesystem>
#include <stdexcept>

#include "base/file.h"
#include "base/rng.h"
#include "log/frame.h"
#include "support/command.h"

namespace signet::bench {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result.has_value()) throw std::runtime_error(result.error().message);
  return *std::move(result);
}
void must(const Result<void>& result) {
  if (!result.has_value()) throw std::runtime_error(result.error().message);
}

EvpPkeyPtr make_key() { return EvpPkeyPtr(EVP_EC_gen("P-256")); }

SignatureValue sign(EVP_PKEY* key, ByteView message) {
  const EvpMdCtxPtr context(EVP_MD_CTX_new());
  Bytes signature(128);
  std::size_t length = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &length, message.data(), message.size()) != 1) {
    throw std::runtime_error("EVP_DigestSign");
  }
  signature.resize(length);
  return SignatureValue(std::move(signature));
}

PublicKey public_half(EVP_PKEY* key) {
  std::uint8_t* der = nullptr;
  const int length = i2d_PUBKEY(key, &der);
  const Bytes spki(der, der + length);
  OPENSSL_free(der);
  return must(PublicKey::from_spki(spki));
}

Certificate self_signed(EVP_PKEY* key) {
  const PublicKey public_key = public_half(key);
  TbsFields fields{.serial = must(SerialNumber::random(system_rng()))};
  fields.issuer = fields.subject = must(Name::from_attributes({{"O", "Example"}, {"CN", "Benchmark CA"}}));
  fields.not_before = must(parse_rfc3339("2026-01-01T00:00:00.000000Z"));
  fields.not_after = must(parse_rfc3339("2046-01-01T00:00:00.000000Z"));
  fields.spki = copy_of(public_key.spki());
  fields.basic_constraints = BasicConstraints{.ca = true, .path_length = {}};
  fields.key_usage = kKeyCertSign;
  fields.subject_key_id = copy_of(public_key.key_id());
  const TbsDer tbs = encode_tbs(fields);
  return must(Certificate::parse(assemble_certificate(tbs, fields.algorithm, sign(key, tbs.view())).view()));
}

/// Frames behind those that are there, in large writes.
class FrameWriter {
 public:
  explicit FrameWriter(const std::string& directory)
      : file_(open((directory + "/entries").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
    if (!file_.valid()) throw std::runtime_error(directory + "/entries cannot be opened");
    const auto size = std::filesystem::file_size(directory + "/entries");
    log::FrameReader frames(file_.get(), 0, size);
    for (auto frame = must(frames.next()); frame.has_value(); frame = must(frames.next())) {
      last_ = copy_of(*frame);
      ++entries_;
    }
    offset_ = frames.offset();
  }

  [[nodiscard]] std::uint64_t entries() const { return entries_; }

  void add(log::Draft draft) {
    const Time now = system_clock().now();
    const log::Stamp stamp{.seq = entries_++,
                           .time = now,
                           .mono = system_clock().monotonic(),
                           .boot = "11111111-2222-3333-4444-555555555555"};
    log::append_frame(waiting_, must(log::make_entry(std::move(draft), stamp)).encoded);
    if (waiting_.size() > (std::size_t{4} << 20U)) flush();
  }
  void flush() {
    if (pwrite(file_.get(), waiting_.data(), waiting_.size(), static_cast<off_t>(offset_)) !=
        static_cast<ssize_t>(waiting_.size())) {
      throw std::runtime_error("the log cannot be written");
    }
    offset_ += waiting_.size();
    waiting_.clear();
  }

 private:
  UniqueFd file_;
  Bytes last_;
  Bytes waiting_;
  std::uint64_t offset_ = 0;
  std::uint64_t entries_ = 0;
};

}  // namespace

Authority::Authority() : key_(make_key()), certificate_(self_signed(key_.get())) {}

log::IntentFields Authority::intent(Time now) const {
  TbsFields tbs{.serial = must(SerialNumber::random(system_rng()))};
  tbs.issuer = certificate_.fields().subject;
  tbs.subject = must(Name::from_attributes({{"CN", "www.example.com"}}));
  tbs.not_before = std::chrono::floor<std::chrono::seconds>(now);
  tbs.not_after = tbs.not_before + std::chrono::hours(24 * 90);
  tbs.spki = copy_of(certificate_.public_key().spki());
  tbs.key_usage = kDigitalSignature;
  tbs.extended_key_usage = {"1.3.6.1.5.5.7.3.1"};
  tbs.alt_names = AltNames{.dns = {"www.example.com"}};
  tbs.subject_key_id = certificate_.fields().subject_key_id;
  tbs.authority_key_id = certificate_.fields().subject_key_id;
  log::IntentFields fields{
      .cause = {.who = {.client = "payments", .certificate_sha256 = to_hex(sha256({})), .address = "192.0.2.1:4711"},
                .request = "0123abcd-1"},
      .issuer = "issuing-1",
      .profile = "tls-server",
      .serial = tbs.serial,
      .client = "payments",
      .idempotency_key = copy_of(bytes_of(tbs.serial.hex())),
      .proof = {},
      .lint_version = "1",
      .tbs = encode_tbs(tbs)};
  return fields;
}

log::IssuedFields Authority::issued(const log::IntentFields& of, std::uint64_t intent_seq) const {
  log::IssuedFields fields{
      .cause = of.cause, .intent = intent_seq, .serial = of.serial, .signature = sign(key_.get(), of.tbs.view())};
  fields.certificate_sha256 = sha256(assemble_certificate(of.tbs, fields.algorithm, fields.signature).view());
  return fields;
}

void extend_log(const std::string& directory, std::uint64_t entries, const Authority& authority,
                const std::optional<log::GenesisFields>& genesis) {
  must(make_directory(directory, 0700));
  FrameWriter writer(directory);
  if (writer.entries() == 0 && genesis) {
    writer.add(log::genesis_draft(*genesis));
    writer.add(
        log::process_draft(log::ProcessEvent::kStart, {.process = "signet-issuer", .version = "0", .host = "bench"}));
  }
  while (writer.entries() < entries) {
    const log::IntentFields intent = authority.intent(system_clock().now());
    const std::uint64_t seq = writer.entries();
    writer.add(log::intent_draft(intent));
    writer.add(log::issued_draft(authority.issued(intent, seq)));
  }
  writer.flush();
}

}  // namespace signet::bench
