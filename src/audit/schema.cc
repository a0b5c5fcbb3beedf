#include "audit/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/clock.h"
#include "x509/serial_number.h"

namespace signet::audit {
namespace {

constexpr bool kOptional = false;

constexpr FieldRule kCommon[] = {
    {"boot", FieldKind::kText},
    {"mono", FieldKind::kNumber},
    {"request", FieldKind::kText, kOptional},
    {"seq", FieldKind::kNumber},
    {"time", FieldKind::kTime},
    {"type", FieldKind::kText},
    {"who", FieldKind::kObject, kOptional},
};
constexpr FieldRule kGenesis[] = {
    {"origin", FieldKind::kText},
    {"log_key", FieldKind::kText},
    {"version", FieldKind::kText},
    {"ceremony_sha256", FieldKind::kHash},
    {"policy_sha256", FieldKind::kHash},
    {"config_sha256", FieldKind::kHash},
    {"predecessor", FieldKind::kObject, kOptional},
};
constexpr FieldRule kHeartbeat[] = {
    {"checkpoint_size", FieldKind::kNumber},
    {"checkpoint_root", FieldKind::kHash, kOptional},
    {"issued", FieldKind::kNumber},
    {"clock_offset_micros", FieldKind::kSignedNumber},
};
constexpr FieldRule kSealed[] = {{"successor_origin", FieldKind::kText}, {"successor_key", FieldKind::kText}};
constexpr FieldRule kStart[] = {
    {"process", FieldKind::kText},
    {"version", FieldKind::kText},
    {"host", FieldKind::kText},
    {"cut_bytes", FieldKind::kNumber},
};
constexpr FieldRule kStop[] = {
    {"process", FieldKind::kText}, {"version", FieldKind::kText}, {"host", FieldKind::kText}};
constexpr FieldRule kCrash[] = {
    {"process", FieldKind::kText},
    {"signal", FieldKind::kNumber},
    {"exit_status", FieldKind::kNumber},
    {"restarts", FieldKind::kNumber},
};
constexpr FieldRule kConfig[] = {
    {"what", FieldKind::kText},
    {"old_sha256", FieldKind::kHash},
    {"new_sha256", FieldKind::kHash},
    {"approved_by", FieldKind::kText},
};
constexpr FieldRule kKey[] = {
    {"event", FieldKind::kText},
    {"key", FieldKind::kText},
    {"token", FieldKind::kText, kOptional},
    {"uri", FieldKind::kText},
    {"spki_sha256", FieldKind::kHash, kOptional},
    {"manufacturer", FieldKind::kAnyText, kOptional},
    {"model", FieldKind::kAnyText, kOptional},
    {"token_serial", FieldKind::kAnyText, kOptional},
    {"firmware", FieldKind::kAnyText, kOptional},
    {"attributes", FieldKind::kObject, kOptional},
};
constexpr FieldRule kClock[] = {{"jump_micros", FieldKind::kSignedNumber}, {"offset_micros", FieldKind::kSignedNumber}};
constexpr FieldRule kIntent[] = {
    {"kind", FieldKind::kText},
    {"issuer", FieldKind::kText},
    {"profile", FieldKind::kText},
    {"serial", FieldKind::kSerial},
    {"client", FieldKind::kText},
    {"method", FieldKind::kText, kOptional},
    {"idempotency_key", FieldKind::kBase64, kOptional},
    {"payload_sha256", FieldKind::kHash},
    {"request_signature", FieldKind::kBase64, kOptional},
    {"request_time", FieldKind::kTime, kOptional},
    {"csr_sha256", FieldKind::kHash},
    {"profile_sha256", FieldKind::kHash},
    {"lint_version", FieldKind::kText},
    {"tbs", FieldKind::kBase64},
};
constexpr FieldRule kIssued[] = {
    {"intent", FieldKind::kNumber},
    {"serial", FieldKind::kSerial},
    {"signature_algorithm", FieldKind::kAlgorithm},
    {"signature", FieldKind::kBase64},
    {"certificate_sha256", FieldKind::kHash},
};
constexpr FieldRule kRejected[] = {
    {"code", FieldKind::kText},
    {"text", FieldKind::kAnyText},
    {"field", FieldKind::kText, kOptional},
    {"csr_sha256", FieldKind::kHash, kOptional},
    {"intent", FieldKind::kNumber, kOptional},
    {"count", FieldKind::kNumber, kOptional},
};
constexpr FieldRule kOrphaned[] = {
    {"intent", FieldKind::kNumber},
    {"serial", FieldKind::kSerial},
    {"issuer", FieldKind::kText},
    {"why", FieldKind::kText},
};
constexpr FieldRule kRevoked[] = {
    {"issuer", FieldKind::kText},
    {"serial", FieldKind::kSerial},
    {"reason", FieldKind::kText},
    {"revocation_time", FieldKind::kTime},
};
constexpr FieldRule kCrl[] = {
    {"issuer", FieldKind::kText},      {"number", FieldKind::kDecimal}, {"this_update", FieldKind::kTime},
    {"next_update", FieldKind::kTime}, {"sha256", FieldKind::kHash},    {"tbs_sha256", FieldKind::kHash},
    {"spki_sha256", FieldKind::kHash},
};
constexpr FieldRule kOcsp[] = {
    {"issuer", FieldKind::kText},      {"range", FieldKind::kText},  {"this_update", FieldKind::kTime},
    {"next_update", FieldKind::kTime}, {"sha256", FieldKind::kHash},
};
constexpr FieldRule kAccess[] = {
    {"reason", FieldKind::kText}, {"text", FieldKind::kAnyText}, {"count", FieldKind::kNumber}};

constexpr FieldRule kAdmin[] = {
    {"act", FieldKind::kText},   {"token", FieldKind::kText, kOptional},
    {"uid", FieldKind::kNumber}, {"pid", FieldKind::kNumber},
    {"at", FieldKind::kTime},    {"text", FieldKind::kAnyText, kOptional},
};

// In the order of EntryType.
constexpr std::array<TypeRule, static_cast<std::size_t>(EntryType::kOther)> kTypes{{
    {"genesis", "ok", "", kGenesis},
    {"heartbeat", "ok", "", kHeartbeat},
    {"sealed", "ok", "", kSealed},
    {"start", "ok", "", kStart},
    {"stop", "ok", "", kStop},
    {"crash", "failed", "", kCrash},
    {"config", "ok", "", kConfig},
    {"key", "ok", "failed", kKey},
    {"clock", "failed", "", kClock},
    {"intent", "open", "", kIntent},
    {"issued", "ok", "", kIssued},
    {"rejected", "rejected", "", kRejected},
    {"orphaned", "failed", "", kOrphaned},
    {"revoked", "ok", "", kRevoked},
    {"crl", "ok", "", kCrl},
    {"ocsp", "ok", "", kOcsp},
    {"access", "rejected", "", kAccess},
    {"admin", "ok", "failed", kAdmin},
}};

constexpr std::array kAlgorithms = {
    SignatureAlgorithm::kEcdsaSha256,    SignatureAlgorithm::kEcdsaSha384,    SignatureAlgorithm::kEcdsaSha512,
    SignatureAlgorithm::kRsaPkcs1Sha256, SignatureAlgorithm::kRsaPkcs1Sha384, SignatureAlgorithm::kRsaPkcs1Sha512,
    SignatureAlgorithm::kEd25519,        SignatureAlgorithm::kRsaPssSha256,   SignatureAlgorithm::kRsaPssSha384,
    SignatureAlgorithm::kRsaPssSha512,
};

bool is_lower_hex(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return ascii::is_digit(c) || (c >= 'a' && c <= 'f'); });
}

bool is_serial(std::string_view text) {
  if (!is_lower_hex(text)) return false;
  const auto bytes = from_hex(text);
  return bytes.has_value() && SerialNumber::from_der_contents(*bytes).has_value();
}

/// A CRL number has at most 20 octets, which are 48 or 49 digits (RFC 5280 section 5.2.3).
bool is_decimal(std::string_view text) noexcept {
  return !text.empty() && text.size() <= 49 && (text[0] != '0' || text.size() == 1) &&
         std::ranges::all_of(text, ascii::is_digit);
}

/// What was expected, where `field` is something else; empty where it is right.
std::string_view complaint_about(const FieldView& field, FieldKind kind) {
  const bool is_text = field.kind == ValueKind::kText;
  const bool is_integer = field.kind == ValueKind::kInteger;
  const auto unless = [](bool right, std::string_view expected) { return right ? std::string_view() : expected; };
  switch (kind) {
    case FieldKind::kText: return unless(is_text && !field.raw.empty(), "a text that is not empty");
    case FieldKind::kAnyText: return unless(is_text, "a text");
    case FieldKind::kNumber: return unless(is_integer && field.integer >= 0, "a number of 0 or more");
    case FieldKind::kSignedNumber: return unless(is_integer, "a number");
    case FieldKind::kHash: return unless(is_text && field.raw.size() == 64 && is_lower_hex(field.raw), "a SHA-256");
    case FieldKind::kSerial: return unless(is_text && is_serial(field.raw), "a serial number");
    // Decoded where it is used, which for the long ones is the only time.
    case FieldKind::kBase64: return unless(is_text && !field.raw.empty() && !field.escaped, "base64");
    case FieldKind::kTime:
      return unless(is_text && parse_rfc3339(field.raw).has_value(), "a time such as 2026-01-02T03:04:05.000006Z");
    case FieldKind::kDecimal: return unless(is_text && is_decimal(field.raw), "a decimal number as text");
    case FieldKind::kAlgorithm: return unless(is_text && algorithm_named(field.raw), "a signature algorithm");
    case FieldKind::kObject: return unless(field.kind == ValueKind::kObject, "an object");
  }
  return {};
}

}  // namespace

std::string_view name_of(EntryType type) noexcept {
  return type == EntryType::kOther ? "another type" : kTypes[static_cast<std::size_t>(type)].name;
}

const TypeRule* find_type(std::string_view name, EntryType& type) noexcept {
  for (std::size_t i = 0; i < kTypes.size(); ++i) {
    if (kTypes[i].name != name) continue;
    type = static_cast<EntryType>(i);
    return &kTypes[i];
  }
  return nullptr;
}

std::vector<std::string_view> type_names() {
  std::vector<std::string_view> names;
  for (const TypeRule& type : kTypes) names.push_back(type.name);
  return names;
}

std::span<const FieldRule> common_fields() noexcept { return kCommon; }

std::optional<std::string> check_fields(const EntryView& entry, std::span<const FieldRule> rules) {
  for (const FieldRule& rule : rules) {
    const FieldView* const field = entry.find(rule.name);
    if (field == nullptr) {
      if (rule.required) return fmt::format("the field {} is missing", rule.name);
      continue;
    }
    if (const std::string_view expected = complaint_about(*field, rule.kind); !expected.empty()) {
      return fmt::format("the field {} is {}, expected {}", rule.name, printable(field->raw, 80), expected);
    }
  }
  return std::nullopt;
}

std::optional<SignatureAlgorithm> algorithm_named(std::string_view name) noexcept {
  const auto* const found = std::ranges::find_if(kAlgorithms, [&](auto each) { return name_of(each) == name; });
  if (found == kAlgorithms.end()) return std::nullopt;
  return *found;
}

}  // namespace signet::audit
