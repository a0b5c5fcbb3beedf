// What a hostile issuer asks for: CRLs, OCSP responses and checkpoints.
#include "keyholder/hostile_parts.h"
#include "x509/der.h"

namespace signet::test {
namespace {

using namespace std::chrono_literals;

}  // namespace

void HostileWorld::add_crls(std::vector<Hostile>& table) {
  const std::uint64_t last = next_number_;
  const auto add = [&](
                       const char* what, const char* field, const std::function<void(CrlFields&)>& bad,
                       const std::function<void(CrlFields&)>& good = [](auto&) {}) {
    ++next_number_;
    table.push_back({what, field, crl_question(with<CrlFields>(crl(next_number_), bad)),
                     crl_question(with<CrlFields>(crl(next_number_), good))});
  };
  add("a CRL with one certificate twice", "fence.structure", [](auto& f) { f.revoked.push_back(f.revoked[0]); });
  add(
      "a CRL that takes a revocation back", "fence.structure",
      [](auto& f) { f.revoked[0].reason = CrlReason::kRemoveFromCrl; },
      [](auto& f) { f.revoked[0].reason = CrlReason::kCertificateHold; });
  add("a CRL with another algorithm", "fence.algorithm",
      [](auto& f) { f.algorithm = SignatureAlgorithm::kEcdsaSha512; });
  add("another CA's CRL", "fence.issuer", [&](auto& f) { f.issuer = upper.fields().subject; });
  add("a CRL of another CA's key", "fence.authority_key_id",
      [&](auto& f) { f.authority_key_id = upper.fields().subject_key_id; });
  add(
      "a CRL of yesterday", "fence.this_update", [](auto& f) { f.this_update -= 11min; },
      [](auto& f) { f.this_update -= 8min; });
  add(
      "a CRL of tomorrow", "fence.this_update",
      [](auto& f) {
        f.this_update += 12min;
        f.next_update += 12min;
      },
      [](auto& f) { f.this_update += 8min; });
  add(
      "a CRL for a year", "fence.crl_period", [](auto& f) { f.next_update = f.this_update + 7 * 24h + 1s; },
      [](auto& f) { f.next_update = f.this_update + 7 * 24h; });
  add("a delta CRL", "fence.crl_delta", [&](auto& f) { f.delta_base = CrlNumber(last); });
  add("a CRL without a number", "fence.crl_number", [](auto& f) { f.number.reset(); });
  add("the last number again", "fence.crl_number", [=](auto& f) { f.number = CrlNumber(last); });
  add("an older CRL", "fence.crl_number", [=](auto& f) { f.number = CrlNumber(last - 1); });
  add("the number zero", "fence.crl_number", [](auto& f) { f.number = CrlNumber(0); });
  add("the last of all numbers", "fence.crl_number", [](auto& f) { f.number = CrlNumber::highest(); });
  ++next_number_;
  const TbsCrlDer tbs = encode_tbs_crl(crl(next_number_));
  table.push_back({"a CRL with more in it",
                   "fence.form",
                   {.kind = kCrl, .structure = with_extension(tbs.view(), 0, "1.2.3", der::null())},
                   crl_question(crl(next_number_))});
  table.push_back({"a certificate as a CRL",
                   "fence.structure",
                   {.kind = kCrl, .structure = encode_tbs(leaf()).bytes()},
                   certificate(leaf())});
}

void HostileWorld::add_ocsp_responses(std::vector<Hostile>& table) {
  const auto question = [](const OcspFields& fields) {
    return Question{.kind = kOcsp, .structure = encode_ocsp_data(fields).bytes()};
  };
  const auto add = [&](
                       const char* what, const char* field, const std::function<void(OcspFields&)>& bad,
                       const std::function<void(OcspFields&)>& good = [](auto&) {}) {
    table.push_back({what, field, question(with<OcspFields>(ocsp(), bad)), question(with<OcspFields>(ocsp(), good))});
  };
  add("an answer about one certificate twice", "fence.structure",
      [](auto& f) { f.responses.push_back(f.responses[0]); });
  add(
      "another responder by its key", "fence.responder",
      [&](auto& f) { f.responder_key_hash = ocsp_hash_of(OcspHash::kSha1, upper.public_key()); },
      [](auto& f) { f.nonce = Bytes(32, 7); });
  add(
      "another responder by its name", "fence.responder", [&](auto& f) { f.responder_name = upper.fields().subject; },
      [&](auto& f) { f.responder_name = scenario.ca->fields().subject; });
  add("an answer about another CA's key", "fence.ocsp_issuer",
      [&](auto& f) { f.responses[1].id.issuer_key_hash = ocsp_hash_of(OcspHash::kSha1, upper.public_key()); });
  add(
      "an answer about another CA's name", "fence.ocsp_issuer",
      [&](auto& f) { f.responses[0].id.issuer_name_hash = ocsp_hash_of(OcspHash::kSha1, upper.fields().subject); },
      [&](auto& f) {
        f.responses[0].id.hash = OcspHash::kSha256;
        f.responses[0].id.issuer_name_hash = ocsp_hash_of(OcspHash::kSha256, scenario.ca->fields().subject);
        f.responses[0].id.issuer_key_hash = ocsp_hash_of(OcspHash::kSha256, scenario.ca->public_key());
      });
  add(
      "an answer made yesterday", "fence.produced_at", [](auto& f) { f.produced_at -= 11min; },
      [](auto& f) { f.produced_at -= 8min; });
  add(
      "an answer of tomorrow", "fence.this_update", [](auto& f) { f.responses[1].this_update += 12min; },
      [](auto& f) { f.responses[1].this_update += 8min; });
  add("an answer for ever", "fence.ocsp_period", [](auto& f) { f.responses[0].next_update.reset(); });
  add(
      "an answer for a year", "fence.ocsp_period",
      [](auto& f) { f.responses[0].next_update = f.responses[0].this_update + 4 * 24h + 1s; },
      [](auto& f) { f.responses[0].next_update = f.responses[0].this_update + 4 * 24h; });
  const OcspDataDer with_nonce = encode_ocsp_data(with<OcspFields>(ocsp(), [](auto& f) { f.nonce = Bytes(32, 7); }));
  table.push_back({"an answer with more in it",
                   "fence.form",
                   {.kind = kOcsp, .structure = with_extension(with_nonce.view(), 1, "1.2.3", der::null())},
                   question(ocsp())});
  table.push_back({"a certificate as an answer",
                   "fence.structure",
                   {.kind = kOcsp, .structure = encode_tbs(leaf()).bytes()},
                   certificate(leaf())});
}

void HostileWorld::add_checkpoints(std::vector<Hostile>& table) {
  const std::size_t last = signed_size_;
  GrownLog fork(scenario.origin, "another entry");
  GrownLog other("ca.example/other");
  const auto add = [&](const char* what, const char* field, Question bad) {
    table.push_back({what, field, std::move(bad), checkpoint(log, signed_size_, signed_size_ + 5)});
    signed_size_ += 5;
  };
  const auto text = [&](std::string_view content) {
    return Question{.key = "log-1", .kind = kCheckpoint, .structure = copy_of(bytes_of(content)), .old_size = last};
  };
  add("a text that is no checkpoint", "fence.structure", text("I owe you a house.\n"));
  add("a certificate as a checkpoint", "fence.structure", text(text_of(encode_tbs(leaf()).view())));
  add("a checkpoint with a line more", "fence.structure", text(log.text(last) + "extension\n"));
  add("another log's checkpoint", "fence.origin", checkpoint(other, last, 20));
  add("a shorter log", "fence.size", checkpoint(log, last, last - 1));
  add("another log of the same size", "fence.size", checkpoint(fork, last, last));
  add("a fork", "fence.consistency", checkpoint(fork, last, 30));
  add("a proof from an older size", "fence.consistency", checkpoint(log, last - 4, 30));
  Question without = checkpoint(log, last, 30);
  without.proof.clear();
  add("no proof", "fence.consistency", without);
}

}  // namespace signet::test
