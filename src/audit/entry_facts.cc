#include "audit/entry_facts.h"

#include <fmt/format.h>

#include <algorithm>

#include "audit/digest.h"
#include "audit/entry_view.h"
#include "audit/schema.h"
#include "base/clock.h"
#include "log/entries.h"
#include "x509/certificate.h"

namespace signet::audit {
namespace {

constexpr std::size_t kMaxShownKind = 80;

/// Reads the fields of one entry whose form has been checked already, base64 excepted.
class FactReader {
 public:
  FactReader(const EntryView& view, std::uint64_t entry, Complaints& complaints)
      : view_(view), entry_(entry), complaints_(complaints) {}

  [[nodiscard]] std::string text(std::string_view key) const {
    const FieldView* const field = view_.find(key);
    return field == nullptr ? std::string() : decoded(*field);
  }
  [[nodiscard]] std::uint64_t number(std::string_view key) const {
    const FieldView* const field = view_.find(key);
    return field == nullptr ? 0 : static_cast<std::uint64_t>(field->integer);
  }
  [[nodiscard]] Bytes hex(std::string_view key) const {
    const FieldView* const field = view_.find(key);
    if (field == nullptr) return {};
    return from_hex(field->raw).value_or(Bytes());
  }
  [[nodiscard]] Sha256 hash(std::string_view key) const {
    Sha256 hash{};
    const Bytes bytes = hex(key);
    if (bytes.size() == hash.size()) std::ranges::copy(bytes, hash.begin());
    return hash;
  }
  [[nodiscard]] Bytes binary(std::string_view key) {
    const FieldView* const field = view_.find(key);
    if (field == nullptr) return {};
    auto bytes = from_base64(field->raw);
    if (bytes.has_value()) return *std::move(bytes);
    complain("entry-field", fmt::format("the field {} is not base64 (RFC 4648 section 4, padded)", key));
    return {};
  }
  [[nodiscard]] bool has(std::string_view key) const { return view_.find(key) != nullptr; }

  void complain(std::string_view id, std::string message) {
    complaints_.push_back(about_entry(entry_, id, std::move(message)));
  }

 private:
  const EntryView& view_;
  std::uint64_t entry_;
  Complaints& complaints_;
};

SerialKey serial_key(const Sha256& secret, ByteView issuer, ByteView serial) {
  Bytes keyed = copy_of(secret);
  append(keyed, issuer);
  const Sha256 hash = digest().of(keyed, serial);
  return {read_u64(hash), read_u64(ByteView(hash).subspan(8))};
}

/// An end entity could issue neither certificates nor CRLs itself (RFC 5280 sections 4.2.1.3, 4.2.1.9); a CA says that
/// it is one.
void check_kind(const TbsFields& tbs, std::string_view kind, FactReader& reader) {
  const bool is_ca = tbs.basic_constraints && tbs.basic_constraints->ca;
  const bool may_issue = (tbs.key_usage.value_or(0) & (kKeyCertSign | kCrlSign)) != 0;
  if (kind == log::kCaCertificateKind) {
    if (!is_ca) reader.complain("tbs-other-kind", "the TBS is not that of a CA: basicConstraints has no CA:TRUE");
    return;
  }
  if (!is_ca && !may_issue) return;
  reader.complain("tbs-other-kind",
                  fmt::format("the TBS is that of a CA ({}), not of an {}",
                              is_ca ? "basicConstraints has CA:TRUE" : "keyUsage has keyCertSign or cRLSign",
                              log::kCertificateKind));
}

/// What the TBS says of itself must be what the intent says of it.
void read_tbs(IntentFacts& facts, std::string_view kind, FactReader& reader) {
  auto tbs = parse_tbs(facts.tbs);
  if (!tbs.has_value()) {
    reader.complain("tbs-malformed", fmt::format("the field tbs is no TBSCertificate: {}: {}", tbs.error().field,
                                                 printable(tbs.error().message)));
    facts.tbs.clear();
    return;
  }
  if (!equal(tbs->serial.bytes(), facts.serial)) {
    reader.complain("tbs-other-serial", fmt::format("the field serial is {}, the serial number in the TBS {}",
                                                    to_hex(facts.serial), tbs->serial.hex()));
  }
  check_kind(*tbs, kind, reader);
  facts.issuer_name = copy_of(tbs->issuer.der());
  facts.authority_key_id = tbs->authority_key_id.value_or(Bytes());
  facts.algorithm = tbs->algorithm;
}

IntentFacts read_intent(FactReader& reader, const Sha256& secret) {
  IntentFacts facts{.issuer = reader.text("issuer"), .serial = reader.hex("serial"), .tbs = reader.binary("tbs")};
  facts.tbs_sha256 = digest().of(facts.tbs);
  const std::string kind = reader.text("kind");
  if (kind != log::kCertificateKind && kind != log::kCaCertificateKind) {
    reader.complain("intent-kind",
                    fmt::format("the field kind is {}, expected {} or {}", printable(kind, kMaxShownKind),
                                log::kCertificateKind, log::kCaCertificateKind));
  }
  if (!facts.tbs.empty()) read_tbs(facts, kind, reader);
  const ByteView issuer = facts.issuer_name.empty() ? bytes_of(facts.issuer) : ByteView(facts.issuer_name);
  facts.serial_key = serial_key(secret, issuer, facts.serial);
  return facts;
}

IssuedFacts read_issued(FactReader& reader) {
  return {.intent = reader.number("intent"),
          .serial = reader.hex("serial"),
          .algorithm = algorithm_named(reader.text("signature_algorithm")).value_or(SignatureAlgorithm::kEcdsaSha256),
          .signature = reader.binary("signature"),
          .certificate_sha256 = reader.hash("certificate_sha256")};
}

void read_what(EntryFacts& facts, FactReader& reader, const Sha256& secret) {
  switch (facts.type) {
    case EntryType::kIntent: facts.what = read_intent(reader, secret); break;
    case EntryType::kIssued: facts.what = read_issued(reader); break;
    case EntryType::kRejected:
      if (reader.has("intent")) facts.what = ClosedFacts{.intent = reader.number("intent"), .serial = {}, .issuer = {}};
      break;
    case EntryType::kOrphaned:
      facts.what = ClosedFacts{
          .intent = reader.number("intent"), .serial = reader.hex("serial"), .issuer = reader.text("issuer")};
      break;
    case EntryType::kCrl:
      facts.what = CrlFacts{.issuer = reader.text("issuer"),
                            .number = reader.text("number"),
                            .tbs_sha256 = reader.hash("tbs_sha256"),
                            .spki_sha256 = reader.hash("spki_sha256")};
      break;
    default: break;
  }
}

/// The common fields, as far as they have their form; what has not is complained about elsewhere.
void read_common(EntryFacts& facts, const EntryView& view) {
  if (const FieldView* const seq = view.find("seq"); seq != nullptr && seq->kind == ValueKind::kInteger) {
    facts.has_seq = seq->integer >= 0;
    facts.seq = static_cast<std::uint64_t>(std::max<std::int64_t>(seq->integer, 0));
  }
  if (const FieldView* const time = view.find("time"); time != nullptr && time->kind == ValueKind::kText) {
    const auto read = parse_rfc3339(time->raw);
    facts.has_time = read.has_value();
    if (facts.has_time) facts.time_micros = read->time_since_epoch().count();
  }
  if (const FieldView* const boot = view.find("boot"); boot != nullptr && boot->kind == ValueKind::kText) {
    facts.boot = boot->raw;
  }
  if (const FieldView* const mono = view.find("mono"); mono != nullptr) facts.mono = mono->integer;
  if (const FieldView* const type = view.find("type"); type != nullptr && type->kind == ValueKind::kText) {
    facts.type_name = type->raw;
  }
}

/// The first that is wrong with the entry's fields.
std::optional<std::string> check_form(const EntryView& view, const TypeRule* rule) {
  if (auto wrong = check_fields(view, common_fields())) return wrong;
  if (rule == nullptr) return std::nullopt;
  const FieldView* const outcome = view.find("outcome");
  const bool right =
      outcome != nullptr && outcome->kind == ValueKind::kText &&
      (outcome->raw == rule->outcome || (!rule->other_outcome.empty() && outcome->raw == rule->other_outcome));
  if (!right) {
    return fmt::format("the field outcome is {}, expected {}{}{}",
                       outcome == nullptr ? "missing" : printable(outcome->raw, 80), rule->outcome,
                       rule->other_outcome.empty() ? "" : " or ", rule->other_outcome);
  }
  return check_fields(view, rule->fields);
}

}  // namespace

EntryFacts read_entry(ByteView bytes, std::uint64_t entry, const Sha256& secret, Complaints& complaints) {
  static thread_local EntryView view;
  EntryFacts facts;
  if (const auto problem = view.parse(bytes)) {
    complaints.push_back(about_entry(entry, "entry-not-canonical",
                                     fmt::format("at byte {} of the entry: {}", problem->offset, problem->what)));
    return facts;
  }
  facts.readable = true;
  read_common(facts, view);
  const TypeRule* const rule = find_type(facts.type_name, facts.type);
  FactReader reader(view, entry, complaints);
  if (auto wrong = check_form(view, rule)) {
    reader.complain("entry-field", fmt::format("of type {}: {}", printable(facts.type_name, 40), *wrong));
  }
  read_what(facts, reader, secret);
  return facts;
}

}  // namespace signet::audit
