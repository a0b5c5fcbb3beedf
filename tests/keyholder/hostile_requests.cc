#include "keyholder/hostile_requests.h"

#include "base/clock.h"
#include "keyholder/hostile_parts.h"
#include "log/note_verifier.h"

namespace signet::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kFence = R"(may_sign = ["end-entity-certificate", "crl", "ocsp-response"]
longest_validity = "100d"
clock_tolerance = "10m"
longest_crl_period = "7d"
longest_ocsp_period = "4d"
extensions = ["1.2.3"]
[key.issuing-1.fence.names]
dns = ["example.com"]
ip = ["10.0.0.0/8"]
uri = ["spiffe://example.org"]
email = ["example.com"]
)";

constexpr const char* kUpperFence = R"(may_sign = ["ca-certificate"]
longest_validity = "100d"
longest_ca_validity = "5y"
)";

}  // namespace

Time now() { return std::chrono::floor<std::chrono::seconds>(system_clock().now()); }

Question certificate(const TbsFields& fields) { return {.structure = encode_tbs(fields).bytes()}; }
Question ca(const TbsFields& fields) { return {.key = "upper", .kind = kCa, .structure = encode_tbs(fields).bytes()}; }
Question crl_question(const CrlFields& fields) { return {.kind = kCrl, .structure = encode_tbs_crl(fields).bytes()}; }

Name named(const std::string& common_name) { return Name::from_attributes({{"CN", common_name}}).value(); }
std::vector<std::string> purposes(std::initializer_list<const char*> names) {
  std::vector<std::string> oids;
  for (const char* const name : names) oids.push_back(eku_oid_from(name).value());
  return oids;
}

HostileWorld::HostileWorld()
    : upper(scenario.add_ca("upper", kUpperFence)), log_key(scenario.add_log_key()), log(scenario.origin) {
  scenario.fence = kFence;
  scenario.sessions = 8;
}

TbsFields HostileWorld::leaf() const {
  return with<TbsFields>(leaf_fields(*scenario.ca, now()), [](TbsFields& fields) {
    fields.subject = Name::from_attributes({{"O", "Example"}}).value();
    fields.alt_names = AltNames{.dns = {"a.example.com"}};
  });
}

TbsFields HostileWorld::sub_ca() const {
  return with<TbsFields>(leaf_fields(upper, now()), [](TbsFields& fields) {
    fields.subject = named("Sub CA");
    fields.alt_names.reset();
    fields.basic_constraints = BasicConstraints{.ca = true, .path_length = 0};
    fields.key_usage = kKeyCertSign | kCrlSign;
    fields.not_after = fields.not_before + 365 * 24h;
  });
}

CrlFields HostileWorld::crl(std::uint64_t number) const { return crl_fields(*scenario.ca, now(), number); }

OcspFields HostileWorld::ocsp() const { return ocsp_fields(*scenario.ca, now()); }

Question HostileWorld::checkpoint(GrownLog& of, std::size_t old_size, std::size_t size) {
  return {.key = "log-1",
          .kind = kCheckpoint,
          .structure = copy_of(bytes_of(of.text(size))),
          .old_size = old_size,
          .proof = of.proof(old_size, size)};
}

std::vector<Question> HostileWorld::before() {
  return {crl_question(crl(next_number_)), checkpoint(log, 0, signed_size_)};
}

std::vector<Hostile> HostileWorld::table() {
  std::vector<Hostile> table;
  add_keys_and_kinds(table);
  add_structures(table);
  add_extensions(table);
  add_identities(table);
  add_times(table);
  add_names(table);
  add_cas(table);
  add_crls(table);
  add_ocsp_responses(table);
  add_checkpoints(table);
  return table;
}

void HostileWorld::add_keys_and_kinds(std::vector<Hostile>& table) {
  const auto of_leaf = [&](const std::string& key, internal::ArtifactKind kind) {
    return Question{.key = key, .kind = kind, .structure = encode_tbs(leaf()).bytes()};
  };
  const Question good = certificate(leaf());
  table.push_back({"a key that is not there", "key", of_leaf("issuing-9", kEndEntity), good});
  table.push_back({"a key's name with more behind it", "key", of_leaf("issuing-1 ", kEndEntity), certificate(leaf())});
  table.push_back({"no kind", "kind", of_leaf("issuing-1", internal::ARTIFACT_KIND_UNSPECIFIED), certificate(leaf())});
  table.push_back({"a kind of tomorrow", "kind", of_leaf("issuing-1", static_cast<internal::ArtifactKind>(77)),
                   certificate(leaf())});
  table.push_back({"a CA of a key for end entities", "fence.kind", of_leaf("issuing-1", kCa), certificate(leaf())});
  table.push_back({"an end entity of a key for CAs", "fence.kind", of_leaf("upper", kEndEntity), ca(sub_ca())});
  table.push_back({"a CRL of a key without CRLs",
                   "fence.kind",
                   {.key = "upper", .kind = kCrl, .structure = encode_tbs_crl(crl(1)).bytes()},
                   ca(sub_ca())});
  table.push_back({"a certificate of the log's key", "fence.kind", of_leaf("log-1", kEndEntity), certificate(leaf())});
  table.push_back({"a CRL of the log's key", "fence.kind", of_leaf("log-1", kCrl), certificate(leaf())});
  Question of_ca = checkpoint(log, signed_size_, 9);
  of_ca.key = "issuing-1";
  table.push_back({"a checkpoint of a CA's key", "fence.kind", of_ca, certificate(leaf())});
}

bool HostileWorld::is_signature_of(const internal::KeyholderToIssuer& answer, const Question& question) const {
  if (!answer.has_signature()) return false;
  const ByteView signature = bytes_of(answer.signature());
  if (question.kind == kCheckpoint) {
    const auto verifier = log::NoteVerifier::make(scenario.origin, log::NoteKeyType::kEd25519, log_key);
    return verifier->verify(std::string(text_of(question.structure)), signature).has_value();
  }
  const PublicKey& key = (question.key == "upper" ? upper : *scenario.ca).public_key();
  return key.verify(default_algorithm(key.type()), question.structure, signature).has_value();
}

void send(Channel& channel, std::uint64_t id, const Question& question) {
  if (question.kind == kCheckpoint) {
    return request_checkpoint(channel, id, text_of(question.structure), question.old_size, question.proof,
                              question.key);
  }
  request(channel, id, question.structure, question.key, question.kind);
}

internal::KeyholderToIssuer ask(Channel& channel, const Question& question) {
  static std::uint64_t id = 1'000'000;
  send(channel, ++id, question);
  internal::KeyholderToIssuer answer = next_answer(channel);
  if (answer.id() != id) throw std::runtime_error("the answer is to another request");
  return answer;
}

}  // namespace signet::test
