#include "log_folder.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>

#include "base/file.h"
#include "base/rng.h"
#include "log/frame.h"
#include "log/tile_tree.h"

namespace signet::audit::test {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kPreallocated = 4096;

Authority make_authority(const std::string& name) {
  log::TestKey key(KeyType::kEcP256);
  TbsFields fields{.serial = SerialNumber::random(system_rng()).value()};
  fields.issuer = fields.subject = Name::from_attributes({{"O", "Example"}, {"CN", name}}).value();
  fields.not_before = parse_rfc3339("2026-01-01T00:00:00.000000Z").value();
  fields.not_after = parse_rfc3339("2036-01-01T00:00:00.000000Z").value();
  fields.spki = copy_of(key.public_key().spki());
  fields.basic_constraints = BasicConstraints{.ca = true, .path_length = {}};
  fields.key_usage = kKeyCertSign;
  fields.subject_key_id = copy_of(key.public_key().key_id());
  const TbsDer tbs = encode_tbs(fields);
  const CertificateDer der = assemble_certificate(tbs, fields.algorithm, SignatureValue(key.sign(tbs.view())));
  return Authority{.key = std::move(key), .certificate = Certificate::parse(der.view()).value()};
}

/// A leaf certificate of the CA. The key in it does not matter here: the CA's own saves the time to make one.
TbsFields leaf_fields(Time now) {
  const Certificate& ca = Authority::get().certificate;
  TbsFields fields{.serial = SerialNumber::random(system_rng()).value()};
  fields.issuer = ca.fields().subject;
  fields.subject = Name::from_attributes({{"CN", "www.example.com"}}).value();
  fields.not_before = now;
  fields.not_after = now + std::chrono::hours(24);
  fields.spki = copy_of(ca.public_key().spki());
  fields.authority_key_id = ca.fields().subject_key_id;
  fields.alt_names = AltNames{.dns = {"www.example.com"}};
  return fields;
}

void write_file(const std::string& path, ByteView bytes) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text_of(bytes);
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

/// All tiles and bundles of the first `size` entries.
void write_tiles(const std::string& directory, const std::vector<Bytes>& entries, std::uint64_t size) {
  log::TileBuilder builder;
  for (std::uint64_t i = 0; i < size; ++i) builder.append(log::leaf_hash(entries.at(i)));
  for (const auto& tile : builder.take()) write_file(directory + "/" + log::path_of(tile.id), tile.bytes);
  for (const log::BundleId& id : log::changed_bundles(0, size)) {
    std::vector<ByteView> views;
    for (std::uint64_t i = 0; i < id.width; ++i) views.emplace_back(entries.at(id.index * log::kTileWidth + i));
    write_file(directory + "/" + log::path_of(id), log::encode_bundle(views).value());
  }
}

}  // namespace

const Authority& Authority::get() {
  static const Authority authority = make_authority("Issuing CA 1");
  return authority;
}
const Authority& Authority::other() {
  static const Authority authority = make_authority("Another CA");
  return authority;
}

const log::TestKey& log_key() {
  static const log::TestKey key(KeyType::kEd25519);
  return key;
}
const log::TestKey& other_key() {
  static const log::TestKey key(KeyType::kEd25519);
  return key;
}
const log::TestKey& witness_key() {
  static const log::TestKey key(KeyType::kEd25519);
  return key;
}

std::string vkey(const log::TestKey& key, log::NoteKeyType type) {
  return key.verifier(type == log::NoteKeyType::kCosignatureV1 ? "witness.example" : kOrigin, type).key_string();
}

LogFolder::LogFolder() : now(parse_rfc3339("2026-03-01T12:00:00.000000Z").value()) {}

std::uint64_t LogFolder::add(log::Draft draft) {
  now += std::chrono::milliseconds(1);
  mono += 1000;
  const log::Stamp stamp{.seq = entries.size(), .time = now, .mono = std::chrono::microseconds(mono), .boot = boot};
  entries.push_back(log::make_entry(std::move(draft), stamp).value().encoded);
  return stamp.seq;
}

std::uint64_t LogFolder::genesis(const std::function<void(log::GenesisFields&)>& change) {
  log::GenesisFields fields{.origin = kOrigin, .log_key = vkey(*key), .version = "0.1.0"};
  if (change) change(fields);
  return add(log::genesis_draft(fields));
}

std::uint64_t LogFolder::start() {
  return add(
      log::process_draft(log::ProcessEvent::kStart, {.process = "signet-issuer", .version = "0.1.0", .host = "ca-1"}));
}

std::uint64_t LogFolder::heartbeat() { return add(log::heartbeat_draft({})); }

std::uint64_t LogFolder::intent(const std::function<void(log::IntentFields&)>& change,
                                const std::function<void(TbsFields&)>& change_tbs) {
  TbsFields tbs = leaf_fields(std::chrono::floor<std::chrono::seconds>(now));
  if (change_tbs) change_tbs(tbs);
  log::IntentFields fields{.cause = {},
                           .issuer = "issuing-1",
                           .profile = "tls-server",
                           .serial = tbs.serial,
                           .client = "payments",
                           .idempotency_key = {},
                           .proof = {},
                           .lint_version = "1",
                           .tbs = encode_tbs(tbs)};
  fields.cause.who.client = "payments";
  fields.cause.request = "r-1";
  if (change) change(fields);
  return add(log::intent_draft(fields));
}

log::Entry LogFolder::read(std::uint64_t seq) const { return log::parse_entry(entries.at(seq), seq).value(); }

std::uint64_t LogFolder::issued(std::uint64_t intent, const std::function<void(log::IssuedFields&)>& change) {
  const log::IntentFields of = log::read_intent(read(intent)).value();
  const SignatureValue signature(Authority::get().key.sign(of.tbs.view()));
  log::IssuedFields fields{.cause = of.cause, .intent = intent, .serial = of.serial, .signature = signature};
  if (change) change(fields);
  if (fields.certificate_sha256 == Sha256{}) {
    fields.certificate_sha256 = sha256(assemble_certificate(of.tbs, fields.algorithm, fields.signature).view());
  }
  return add(log::issued_draft(fields));
}

std::uint64_t LogFolder::orphaned(std::uint64_t intent) {
  const log::IntentFields of = log::read_intent(read(intent)).value();
  return add(log::orphaned_draft(
      {.cause = {}, .intent = intent, .serial = of.serial, .issuer = of.issuer, .why = "start-up"}));
}

std::uint64_t LogFolder::crl(const std::string& number, const std::function<void(log::CrlFields&)>& change) {
  log::CrlFields fields{.cause = {},
                        .issuer = "issuing-1",
                        .number = number,
                        .this_update = now,
                        .next_update = now + std::chrono::hours(24),
                        .tbs_sha256 = sha256(bytes_of("CRL " + number)),
                        .spki_sha256 = Authority::get().certificate.public_key().spki_sha256()};
  if (change) change(fields);
  return add(log::crl_draft(fields));
}

std::uint64_t LogFolder::issue() {
  const std::uint64_t intent_seq = intent();
  const log::IntentFields fields = log::read_intent(read(intent_seq)).value();
  now += std::chrono::milliseconds(1);
  journal.push_back({.kind = log::JournalKind::kEndEntityCertificate,
                     .time = now,
                     .key = Authority::get().certificate.public_key().spki_sha256(),
                     .structure = sha256(fields.tbs.view())});
  return issued(intent_seq);
}

Sha256 LogFolder::root(std::uint64_t size) const {
  log::MerkleFrontier tree;
  for (std::uint64_t i = 0; i < size; ++i) tree.append(log::leaf_hash(entries.at(i)));
  return tree.root();
}

log::Note LogFolder::signed_checkpoint(std::uint64_t size, const log::TestKey& signer) const {
  return log::signed_note(log::format_checkpoint({.origin = kOrigin, .size = size, .root = root(size)}).value(), signer,
                          kOrigin);
}

void LogFolder::checkpoint() {
  checkpoints.push_back(signed_checkpoint(entries.size(), *key));
  now += std::chrono::milliseconds(1);
  journal.push_back({.kind = log::JournalKind::kLogCheckpoint,
                     .time = now,
                     .key = key->public_key().spki_sha256(),
                     .structure = sha256(bytes_of(checkpoints.back().text)),
                     .size = entries.size(),
                     .root = root(entries.size())});
}

LogFolder LogFolder::honest() {
  static const LogFolder made = [] {
    LogFolder log;
    log.journal.push_back({.kind = log::JournalKind::kStart, .time = log.now});
    log.genesis();
    log.start();
    log.checkpoint();
    for (int i = 0; i < 10; ++i) log.issue();
    log.checkpoint();
    while (log.entries.size() < 200) log.heartbeat();
    log.checkpoint();
    for (int i = 0; i < 10; ++i) log.issue();
    log.checkpoint();
    while (log.entries.size() < 256) log.heartbeat();
    log.checkpoint();
    while (log.entries.size() < 300) log.heartbeat();
    log.checkpoint();
    return log;
  }();
  return made;
}

Bytes LogFolder::frames() const {
  Bytes bytes;
  for (const Bytes& entry : entries) log::append_frame(bytes, entry);
  return bytes;
}

std::size_t LogFolder::offset_of(std::uint64_t entry) const {
  std::size_t offset = 0;
  for (std::uint64_t i = 0; i < entry; ++i) offset += log::kFrameHeaderBytes + entries.at(i).size();
  return offset;
}

void LogFolder::write_entries(const std::string& directory) const {
  Bytes bytes = frames();
  bytes.resize(bytes.size() + kPreallocated);
  write_file(directory + "/entries", bytes);
}

void LogFolder::write(const std::string& directory) const {
  write_entries(directory);
  std::string kept;
  for (const log::Note& note : checkpoints) kept += log::text_of_note(note) + "\n";
  if (checkpoints.empty()) return;
  write_file(directory + "/checkpoints", bytes_of(kept));
  write_file(directory + "/checkpoint", bytes_of(log::text_of_note(checkpoints.back())));
  write_tiles(directory, entries, log::parse_checkpoint(checkpoints.back().text).value().size);
}

std::string journal_text(const std::vector<log::JournalRecord>& records) {
  Bytes all;
  Bytes previous(log::kJournalRecordBytes);
  for (const log::JournalRecord& record : records) {
    Bytes bytes{static_cast<std::uint8_t>(record.kind), 0, 0, 0, 0, 0, 0, 0};
    append_u64(bytes, static_cast<std::uint64_t>(record.time.time_since_epoch().count()));
    append(bytes, record.key);
    append(bytes, record.structure);
    append_u64(bytes, record.size);
    append(bytes, record.root);
    if (log::signed_kind(record.kind) != log::JournalKind::kLogCheckpoint)
      std::ranges::copy(record.number, bytes.end() - 20);
    append(previous, bytes);
    append(bytes, ByteView(sha256(previous)).first(8));
    append(all, bytes);
    previous = bytes;
  }
  return std::string(text_of(all));
}

void LogFolder::write_journal(const std::string& path) const { write_file(path, bytes_of(journal_text(journal))); }

bool Report::has(const std::string& id, const std::string& place) const {
  return std::ranges::any_of(findings, [&](const Finding& each) { return each.id == id && each.place == place; });
}

bool Report::notes_say(const std::string& id) const {
  return std::ranges::any_of(notes, [&](const Finding& each) { return each.id == id; });
}

std::string Report::text() const {
  std::string text;
  for (const auto* list : {&findings, &notes}) {
    for (const Finding& each : *list) text += each.id + "  " + each.place + ": " + each.message + "\n";
  }
  return text;
}

namespace {

class Collector : public Listener {
 public:
  explicit Collector(Report& report) : report_(report) {}
  void found(const Finding& finding) override {
    (finding.severity == Severity::kFinding ? report_.findings : report_.notes).push_back(finding);
  }
  void progress(const Progress& progress) override { EXPECT_LE(progress.bytes, progress.total_bytes); }

 private:
  Report& report_;
};

}  // namespace

void AuditTest::write(const LogFolder& log) const { log.write(folder()); }

VerifyOptions AuditTest::options() const {
  VerifyOptions options;
  options.directory = folder();
  options.log_key = vkey(log_key());
  options.issuers = {
      directory_.write("issuing.pem", encode_pem("CERTIFICATE", Authority::get().certificate.der().view()))};
  options.threads = 2;
  if (fs::exists(directory_ / "journal")) options.journals = {directory_ / "journal"};
  return options;
}

Report AuditTest::verify_with(const VerifyOptions& options) const {
  Report report;
  Collector collector(report);
  auto summary = verify(options, collector);
  if (!summary.has_value()) throw std::runtime_error(summary.error().message);
  report.summary = *std::move(summary);
  return report;
}

Bytes AuditTest::bytes_of_file(const std::string& name) const {
  return read_file(path(name), std::size_t{64} << 20U, FileTrust::kAnyone, "").value();
}

void AuditTest::overwrite(const std::string& name, ByteView bytes) const { write_file(path(name), bytes); }

void AuditTest::flip(const std::string& name, std::size_t offset) const {
  Bytes bytes = bytes_of_file(name);
  bytes.at(offset) ^= 1U;
  overwrite(name, bytes);
}

std::string AuditTest::write_note(const std::string& name, const log::Note& note) const {
  return directory_.write(name, log::text_of_note(note));
}

}  // namespace signet::audit::test
