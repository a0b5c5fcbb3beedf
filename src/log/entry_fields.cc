#include "log/entry_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace signet::log {
namespace {

constexpr const char* kWho = "who";
constexpr const char* kRequest = "request";
constexpr const char* kOutcome = "outcome";
constexpr const char* kClient = "client";
constexpr const char* kCertificateSha256 = "certificate_sha256";
constexpr const char* kAddress = "address";

constexpr std::array kAlgorithms = {
    SignatureAlgorithm::kEcdsaSha256,    SignatureAlgorithm::kEcdsaSha384,    SignatureAlgorithm::kEcdsaSha512,
    SignatureAlgorithm::kRsaPkcs1Sha256, SignatureAlgorithm::kRsaPkcs1Sha384, SignatureAlgorithm::kRsaPkcs1Sha512,
    SignatureAlgorithm::kEd25519,        SignatureAlgorithm::kRsaPssSha256,   SignatureAlgorithm::kRsaPssSha384,
    SignatureAlgorithm::kRsaPssSha512,
};

}  // namespace

void put_if(Object& object, const char* key, const std::string& text) {
  if (!text.empty()) object.emplace(key, text);
}

void put_number(Object& object, const char* key, std::uint64_t number) {
  object.emplace(key, static_cast<std::int64_t>(number));
}

void put_hash(Object& object, const char* key, const Sha256& hash) { object.emplace(key, to_hex(hash)); }

void put_time(Object& object, const char* key, Time time) { object.emplace(key, to_rfc3339(time)); }

Draft draft_of(std::string_view type, const Cause& cause, std::string_view outcome) {
  Draft draft{.type = std::string(type), .fields = {}};
  Object who;
  put_if(who, kClient, cause.who.client);
  put_if(who, kCertificateSha256, cause.who.certificate_sha256);
  put_if(who, kAddress, cause.who.address);
  if (!who.empty()) draft.fields.emplace(kWho, std::move(who));
  put_if(draft.fields, kRequest, cause.request);
  draft.fields.emplace(kOutcome, outcome);
  return draft;
}

namespace {

/// The value, or a complaint and a harmless one.
template <class T>
T accept(FieldReader& reader, const char* key, Result<T> value) {
  if (value.has_value()) return *std::move(value);
  reader.complain(key, "is malformed: " + value.error().message);
  return T{};
}

}  // namespace

std::string FieldReader::text(const char* key) {
  std::string text = optional_text(key);
  if (text.empty()) complain(key, "is missing");
  return text;
}

std::int64_t FieldReader::signed_number(const char* key) {
  const auto found = entry_.fields.find(key);
  const std::int64_t* number = found == entry_.fields.end() ? nullptr : found->second.integer();
  if (number != nullptr) return *number;
  complain(key, "is missing or not a number");
  return 0;
}

std::uint64_t FieldReader::number(const char* key) {
  const std::int64_t number = signed_number(key);
  if (number >= 0) return static_cast<std::uint64_t>(number);
  complain(key, "is not a number of 0 or more");
  return 0;
}

Bytes FieldReader::binary(const char* key) { return accept(*this, key, from_base64(text(key))); }
Bytes FieldReader::hex(const char* key) { return accept(*this, key, from_hex(text(key))); }
Time FieldReader::time(const char* key) { return accept(*this, key, parse_rfc3339(text(key))); }

Sha256 FieldReader::hash(const char* key) {
  const Bytes bytes = hex(key);
  Sha256 hash{};
  if (bytes.size() == hash.size()) {
    std::ranges::copy(bytes, hash.begin());
  } else {
    complain(key, "is not a SHA-256");
  }
  return hash;
}

SignatureAlgorithm FieldReader::algorithm(const char* key) {
  const std::string wanted = text(key);
  const auto* found = std::ranges::find_if(kAlgorithms, [&](auto candidate) { return name_of(candidate) == wanted; });
  if (found != kAlgorithms.end()) return *found;
  complain(key, "is not a signature algorithm");
  return {};
}

std::size_t FieldReader::index_in(const char* key, std::span<const std::string_view> names) {
  const std::string wanted = text(key);
  const auto found = std::ranges::find(names, std::string_view(wanted));
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  complain(key, fmt::format("is \"{}\", not one of: {}", printable(wanted), fmt::join(names, ", ")));
  return 0;
}

std::optional<std::uint64_t> FieldReader::optional_number(const char* key) {
  if (!has(key)) return std::nullopt;
  return number(key);
}

std::optional<Sha256> FieldReader::optional_hash(const char* key) {
  if (!has(key)) return std::nullopt;
  return hash(key);
}

std::map<std::string, bool> FieldReader::flags(const char* key) {
  std::map<std::string, bool> flags;
  const Object* found = object(key);
  if (found == nullptr) return flags;
  for (const auto& [name, value] : *found) {
    if (value.boolean() == nullptr) complain(key, "has a member that is not a boolean");
    flags.emplace(name, value.boolean() != nullptr && *value.boolean());
  }
  return flags;
}

Cause FieldReader::cause() {
  Cause cause{.who = {}, .request = optional_text(kRequest)};
  const Object* who = object(kWho);
  if (who == nullptr) return cause;
  cause.who = {.client = text_in(*who, kClient),
               .certificate_sha256 = text_in(*who, kCertificateSha256),
               .address = text_in(*who, kAddress)};
  return cause;
}

Result<SerialNumber> FieldReader::serial(const char* key) {
  if (auto serial = SerialNumber::from_der_contents(hex(key))) return serial;
  complain(key, "is not a serial number");
  return std::unexpected(error());
}

const Object* FieldReader::object(const char* key) {
  const auto found = entry_.fields.find(key);
  if (found == entry_.fields.end()) return nullptr;
  if (found->second.object() == nullptr) complain(key, "is not an object");
  return found->second.object();
}

std::string FieldReader::text_in(const Object& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return {};
  if (const std::string* text = found->second.text()) return *text;
  complain(key, "is not a text");
  return {};
}

void FieldReader::complain(const char* key, std::string_view what) {
  if (complaint_.empty()) complaint_ = fmt::format("field {} {}", key, what);
}

Error FieldReader::error() const {
  return {.code = ErrorCode::kDataLoss,
          .message = fmt::format("entry {} of the log ({}): {}", entry_.seq, printable(entry_.type), complaint_)};
}

Result<Time> read_time(const Entry& entry) {
  FieldReader reader(entry);
  return reader.finish(reader.time("time"));
}

}  // namespace signet::log
