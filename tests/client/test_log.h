// An audit log in memory, with a key: what a daemon would answer about it, true or not.
#pragma once

#include <string>
#include <vector>

#include "client/test_server.h"
#include "log/checkpoint.h"
#include "log/entries.h"
#include "log/merkle.h"
#include "log/merkle_reference.h"
#include "log/note_keys.h"
#include "log/proof_file.h"
#include "wire/signet.pb.h"
#include "x509/certificate.h"

namespace signet::test {

/// Not thread-safe: it is changed while nobody asks.
class TestLog {
 public:
  explicit TestLog(std::string origin) : origin_(std::move(origin)) {}

  void append(log::Draft draft) {
    const log::Stamp stamp{.seq = entries_.size(), .time = Time(std::chrono::seconds(1'700'000'000)), .boot = "boot"};
    entries_.push_back(log::make_entry(std::move(draft), stamp).value().encoded);
  }
  void append_some(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      append({.type = "test", .fields = {{"text", std::to_string(entries_.size())}}});
    }
  }
  /// As a daemon does when it issues: `intent`, which is anything here, and `issued`. The index of the latter.
  std::uint64_t append_issued(const Certificate& certificate) {
    append_some(1);
    append(log::issued_draft({.cause = {},
                              .intent = entries_.size() - 1,
                              .serial = certificate.fields().serial,
                              .signature = SignatureValue(Bytes{1}),
                              .certificate_sha256 = certificate.fingerprint()}));
    return entries_.size() - 1;
  }
  /// Another history from `index` on.
  void rewrite(std::size_t index) {
    const std::size_t count = entries_.size() - index;
    entries_.resize(index);
    for (std::size_t i = 0; i < count; ++i) {
      append({.type = "test", .fields = {{"text", "rewritten"}}});
    }
  }
  void truncate(std::size_t size) { entries_.resize(size); }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] const Bytes& entry(std::size_t index) const { return entries_.at(index); }
  [[nodiscard]] std::string verifier_key() const { return key_.verifier(origin_).key_string(); }

  [[nodiscard]] Bytes checkpoint() const { return format_note(signed_checkpoint()).value(); }
  [[nodiscard]] Bytes proof(std::uint64_t index) const {
    return log::format_proof_file({.extra = entries_.at(index),
                                   .index = index,
                                   .path = tree().path(index, 0, size()),
                                   .checkpoint = signed_checkpoint()})
        .value();
  }
  [[nodiscard]] log::Proof consistency(std::uint64_t old_size) const {
    return old_size == 0 || old_size == size() ? log::Proof() : tree().consistency(old_size, size());
  }

  /// As a daemon answers GetLog, with `at_once` entries at most.
  [[nodiscard]] Bytes answer_to(const v1::Request& request, std::size_t at_once = 100) const {
    v1::GetLogRequest question;
    question.ParseFromString(request.payload());
    const auto response = response_to(question, at_once);
    if (response.has_value()) return answer(request, *response);
    return refuse(request, {.code = ErrorCode::kInvalidArgument, .message = "the log does not have so many entries"});
  }
  /// The answer to Issue, with the proof if it was asked for. `issued` is a well-behaved one without.
  [[nodiscard]] Bytes answer_issue(const v1::Request& request, v1::IssueResponse issued) {
    v1::IssueRequest wish;
    wish.ParseFromString(request.payload());
    issued.set_log_index(append_issued(Certificate::parse(bytes_of(issued.certificate())).value()));
    issued.set_intent_log_index(issued.log_index() - 1);
    if (wish.wait_for_proof()) issued.set_proof(std::string(text_of(proof(issued.log_index()))));
    return answer(request, issued);
  }

  /// Nothing where a daemon refuses.
  [[nodiscard]] std::optional<v1::GetLogResponse> response_to(const v1::GetLogRequest& request,
                                                              std::size_t at_once) const {
    v1::GetLogResponse response;
    if (request.has_proof()) {
      if (request.proof().index() >= size()) return std::nullopt;
      response.set_proof(std::string(text_of(proof(request.proof().index()))));
      return response;
    }
    response.set_checkpoint(std::string(text_of(checkpoint())));
    if (request.has_checkpoint()) {
      if (request.checkpoint().old_size() > size()) return std::nullopt;
      for (const Sha256& hash : consistency(request.checkpoint().old_size())) {
        response.add_consistency(std::string(text_of(hash)));
      }
      return response;
    }
    if (request.entries().first() >= size()) return std::nullopt;
    std::size_t count = std::min<std::size_t>(size() - request.entries().first(), at_once);
    if (request.entries().count() != 0) count = std::min<std::size_t>(count, request.entries().count());
    for (std::size_t i = 0; i < count; ++i) {
      response.add_entries(std::string(text_of(entries_.at(request.entries().first() + i))));
    }
    return response;
  }

 private:
  [[nodiscard]] ReferenceTree tree() const {
    std::vector<Sha256> leaves;
    for (const Bytes& entry : entries_) leaves.push_back(log::leaf_hash(entry));
    return ReferenceTree(std::move(leaves));
  }
  [[nodiscard]] log::Note signed_checkpoint() const {
    const log::Checkpoint checkpoint{.origin = origin_, .size = size(), .root = tree().root(size())};
    return log::signed_note(format_checkpoint(checkpoint).value(), key_, origin_);
  }

  std::string origin_;
  log::TestKey key_{KeyType::kEd25519};
  std::vector<Bytes> entries_;
};

}  // namespace signet::test
