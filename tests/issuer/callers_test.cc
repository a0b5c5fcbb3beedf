// What a front that was taken over can say to the issuer, and what it gets: nothing is signed, nothing ends, and the
// log has it.
#include <gmock/gmock.h>

#include <limits>

#include "issuer/process_harness.h"
#include "support/command.h"

namespace signet::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::HasSubstr;

/// What a taken-over front says: whom it claims to speak for, and the request.
struct Claim {
  std::vector<std::string> chain;
  std::string request;
};

struct Forgery {
  std::string name;
  ErrorCode code;
  std::string field;
  std::function<Claim(const Installation&)> make;
};
void PrintTo(const Forgery& forgery, std::ostream* out) { *out << forgery.name; }

constexpr const char* kPayments = "spiffe://example/payments";

/// A request that would be fine, from a client that need not sign.
std::string unsigned_issue() { return envelope(v1::METHOD_ISSUE, issue_payload("key-1")); }

/// The chain of such a leaf, and a request that its key has signed.
Claim signed_by(const Identity& leaf, const std::vector<std::string>& chain) {
  return {.chain = chain, .request = signed_envelope(leaf, v1::METHOD_ISSUE, issue_payload("key-1"))};
}

Claim of_tweaked_client(const Installation& at, const Tweak& tweak) {
  const Identity leaf = make_client(at.client_root, kPayments, tweak);
  return signed_by(leaf, chain_of({&leaf}));
}

Claim of_payments(const Installation& at, const std::string& request) {
  return {.chain = chain_of({&at.payments}), .request = request};
}

Claim at_time(const Installation& at, Time time) {
  return of_payments(at, signed_envelope(at.payments, v1::METHOD_ISSUE, issue_payload("key-1"), time));
}

/// A good signed request of payments after `change`.
template <class F>
Claim changed(const Installation& at, F change) {
  const std::string good = signed_envelope(at.payments, v1::METHOD_ISSUE, issue_payload("key-1"));
  auto request = parse_strict<v1::Request>(bytes_of(good), "request").value();
  change(request);
  return of_payments(at, request.SerializeAsString());
}

std::vector<Forgery> forged_chains() {
  const auto code = ErrorCode::kUnauthenticated;
  const std::string field = "client certificate";
  return {
      {"NoChain", code, field, [](const auto&) { return Claim{.chain = {}, .request = unsigned_issue()}; }},
      {"AnEmptyCertificate", code, field,
       [](const auto&) { return Claim{.chain = {""}, .request = unsigned_issue()}; }},
      {"GarbageForALeaf", code, field,
       [](const auto&) { return Claim{.chain = {std::string(5000, '0')}, .request = unsigned_issue()}; }},
      {"GarbageBehindTheLeaf", code, field,
       [](const Installation& at) {
         auto chain = chain_of({&at.web});
         chain.emplace_back(1'000'000, '0');
         return Claim{.chain = chain, .request = unsigned_issue()};
       }},
      {"ALeafWithBytesBehindIt", code, field,
       [](const Installation& at) {
         auto chain = chain_of({&at.web});
         chain.front() += '\0';
         return Claim{.chain = chain, .request = unsigned_issue()};
       }},
      {"ALongChain", code, field,
       [](const Installation& at) {
         return Claim{.chain = std::vector<std::string>(9, chain_of({&at.web}).front()), .request = unsigned_issue()};
       }},
      {"ARootOfTheSameName", code, field,
       [](const Installation&) {
         const Identity root = make_root("Client root");
         const Identity leaf = make_client(root, kPayments);
         return signed_by(leaf, chain_of({&leaf, &root}));
       }},
      {"ASelfSignedLeaf", code, field,
       [](const Installation&) {
         const Identity leaf = make_root("client", [](TbsFields& fields) {
           fields.basic_constraints = BasicConstraints{};
           fields.key_usage = kDigitalSignature;
           fields.extended_key_usage = {eku_oid_from("clientAuth").value()};
           fields.alt_names = AltNames{.uris = {kPayments}};
         });
         return signed_by(leaf, chain_of({&leaf}));
       }},
      {"ALeafOfTheIssuingCa", code, field,
       [](const Installation& at) {
         const Identity leaf = make_client(at.issuing, kPayments);
         return signed_by(leaf, chain_of({&leaf, &at.issuing, &at.root}));
       }},
      {"ALeafThatAClientIssued", code, field,
       [](const Installation& at) {
         const Identity leaf = make_client(at.web, kPayments);
         return signed_by(leaf, chain_of({&leaf, &at.web}));
       }},
      {"ALeafForServersOnly", code, field,
       [](const Installation& at) {
         return of_tweaked_client(
             at, [](TbsFields& fields) { fields.extended_key_usage = {eku_oid_from("serverAuth").value()}; });
       }},
      {"ALeafWithoutExtendedKeyUsage", code, field,
       [](const Installation& at) {
         return of_tweaked_client(at, [](TbsFields& fields) { fields.extended_key_usage.clear(); });
       }},
      {"AnExpiredLeaf", code, field,
       [](const Installation& at) {
         return of_tweaked_client(at, [](TbsFields& fields) { fields.not_after = fields.not_before + minutes(30); });
       }},
      {"ALeafThatIsNotValidYet", code, field,
       [](const Installation& at) {
         return of_tweaked_client(at, [](TbsFields& fields) { fields.not_before += hours(2); });
       }},
      {"ALeafBelowAnExpiredCa", code, field,
       [](const Installation& at) {
         const Identity ca = make_ca(at.client_root, "Clients",
                                     [](TbsFields& fields) { fields.not_after = fields.not_before + minutes(30); });
         const Identity leaf = make_client(ca, kPayments);
         return signed_by(leaf, chain_of({&leaf, &ca}));
       }},
      {"AClientNobodyKnows", ErrorCode::kPermissionDenied, field,
       [](const Installation& at) {
         const Identity leaf = make_client(at.client_root, "spiffe://example/nobody");
         return signed_by(leaf, chain_of({&leaf}));
       }},
      {"ALeafWithTwoUris", ErrorCode::kPermissionDenied, field,
       [](const Installation& at) {
         return of_tweaked_client(
             at, [](TbsFields& fields) { fields.alt_names->uris.emplace_back("spiffe://example/web"); });
       }},
  };
}

std::vector<Forgery> forged_signatures() {
  const auto code = ErrorCode::kUnauthenticated;
  const std::string field = "signature";
  return {
      {"NoSignature", code, field, [](const Installation& at) { return of_payments(at, unsigned_issue()); }},
      {"TheSignatureOfAnotherClient", code, field,
       [](const Installation& at) {
         return of_payments(at, signed_envelope(at.web, v1::METHOD_ISSUE, issue_payload("key-1")));
       }},
      {"TheRequestOfAnotherClient", code, field,
       [](const Installation& at) {
         return Claim{.chain = chain_of({&at.web}),
                      .request = signed_envelope(at.payments, v1::METHOD_ISSUE, issue_payload("key-1"))};
       }},
      {"AnEmptySignature", code, field,
       [](const Installation& at) {
         return changed(at, [](v1::Request& request) { request.mutable_signature()->clear_signature(); });
       }},
      {"AnotherPayload", code, field,
       [](const Installation& at) {
         return changed(at, [](v1::Request& request) { request.set_payload(issue_payload("key-2")); });
       }},
      {"AnotherMethod", code, field,
       [](const Installation& at) {
         return changed(at, [](v1::Request& request) { request.set_method(v1::METHOD_GET_STATUS); });
       }},
      {"AnotherTime", code, field,
       [](const Installation& at) {
         return changed(at, [](v1::Request& request) {
           request.mutable_signature()->set_time_micros(request.signature().time_micros() + 1);
         });
       }},
      {"AnotherOrigin", code, field,
       [](const Installation& at) {
         return of_payments(at, signed_envelope(at.payments, v1::METHOD_ISSUE, issue_payload("key-1"),
                                                system_clock().now(), "other.example/test"));
       }},
      {"AnOldRecording", code, field,
       [](const Installation& at) { return at_time(at, system_clock().now() - minutes(6)); }},
      {"AFutureOne", code, field,
       [](const Installation& at) { return at_time(at, system_clock().now() + minutes(6)); }},
      {"TheEarliestTime", code, field, [](const Installation& at) { return at_time(at, Time::min()); }},
      {"TheLatestTime", code, field, [](const Installation& at) { return at_time(at, Time::max()); }},
  };
}

std::vector<Forgery> bad_requests() {
  return {
      {"AnUnknownMethod", ErrorCode::kUnimplemented, "method",
       [](const Installation& at) {
         return Claim{.chain = chain_of({&at.web}), .request = envelope(static_cast<v1::Method>(99), {})};
       }},
      {"NoMethod", ErrorCode::kUnimplemented, "method",
       [](const Installation& at) {
         return Claim{.chain = chain_of({&at.web}), .request = envelope(v1::METHOD_UNSPECIFIED, {})};
       }},
      {"StatusWithoutTheRight", ErrorCode::kPermissionDenied, "method",
       [](const Installation& at) { return of_payments(at, signed_envelope(at.payments, v1::METHOD_GET_STATUS, {})); }},
      {"GarbageForAnEnvelope", ErrorCode::kInvalidArgument, "request",
       [](const Installation& at) { return Claim{.chain = chain_of({&at.web}), .request = std::string(100, '\xff')}; }},
      {"AnUnknownFieldInTheEnvelope", ErrorCode::kInvalidArgument, "request",
       [](const Installation& at) {
         return Claim{.chain = chain_of({&at.web}), .request = unsigned_issue() + "\xa0\x06\x01"};
       }},
      {"GarbageForAPayload", ErrorCode::kInvalidArgument, "payload",
       [](const Installation& at) {
         return Claim{.chain = chain_of({&at.web}), .request = envelope(v1::METHOD_ISSUE, "\xff\xff\xff")};
       }},
      {"ASignedRequestWithoutAnIdempotencyKey", ErrorCode::kInvalidArgument, "idempotency_key",
       [](const Installation& at) {
         return of_payments(at, signed_envelope(at.payments, v1::METHOD_ISSUE, issue_payload({})));
       }},
      {"AnIdempotencyKeyThatIsTooLong", ErrorCode::kInvalidArgument, "idempotency_key",
       [](const Installation& at) {
         return Claim{.chain = chain_of({&at.web}),
                      .request = envelope(v1::METHOD_ISSUE, issue_payload(std::string(65, 'k')))};
       }},
  };
}

class TakenOverFront : public IssuerTest, public testing::WithParamInterface<Forgery> {};

TEST_P(TakenOverFront, GetsNothingSignedAndIsLogged) {
  start();
  const Claim claim = GetParam().make(installation_);
  const v1::Response response = front_->ask(claim.chain, claim.request);
  EXPECT_EQ(code_of(response), GetParam().code) << response.error().message();
  EXPECT_EQ(response.error().field(), GetParam().field) << response.error().message();
  EXPECT_FALSE(response.error().retryable());
  EXPECT_FALSE(keyholder_was_asked());
  const auto entries = installation_.story();
  ASSERT_THAT(types_of(entries), ElementsAre("start", "rejected"));
  const auto rejected = log::read_rejected(entries[1]).value();
  EXPECT_EQ(rejected.code, name_of(GetParam().code));
  EXPECT_EQ(rejected.field, GetParam().field);
  EXPECT_EQ(rejected.cause.request, response.request_id());
  EXPECT_EQ(rejected.cause.who.address, "192.0.2.1:1025");

  EXPECT_FALSE(issue("key-1").certificate().empty());  // it goes on for who is honest
}

std::string name_of_forgery(const testing::TestParamInfo<Forgery>& forgery) { return forgery.param.name; }
INSTANTIATE_TEST_SUITE_P(Chain, TakenOverFront, testing::ValuesIn(forged_chains()), name_of_forgery);
INSTANTIATE_TEST_SUITE_P(Signature, TakenOverFront, testing::ValuesIn(forged_signatures()), name_of_forgery);
INSTANTIATE_TEST_SUITE_P(Request, TakenOverFront, testing::ValuesIn(bad_requests()), name_of_forgery);

class CallersTest : public IssuerTest {};

TEST_F(CallersTest, ARecordedRequestThatIsSentAgainGetsTheSameCertificateAndNoSecondIntent) {
  start();
  const auto issued = issue("key-1");
  reconnect_front(2);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(issued_in(front_->answer(call_issue("key-1"))).SerializeAsString(), issued.SerializeAsString());
  }
  EXPECT_FALSE(keyholder_was_asked());
  EXPECT_THAT(types_of(installation_.story()), ElementsAre("start", "intent", "issued"));
}

TEST_F(CallersTest, AChainOverAnIntermediateThatTheClientSendsIsTaken) {
  start();
  const Identity ca = make_ca(installation_.client_root, "Clients");
  const Identity leaf = make_client(ca, kPayments);
  const Claim claim = signed_by(leaf, chain_of({&leaf, &ca}));
  const std::uint64_t call = front_->call(claim.chain, claim.request);
  sign_rightly(next_sign_request());
  EXPECT_FALSE(issued_in(front_->answer(call)).certificate().empty());
}

TEST_F(CallersTest, TheTrustBundleMayBeAskedForUnsigned) {
  start();
  const v1::Response response =
      front_->ask(chain_of({&installation_.payments}), envelope(v1::METHOD_GET_TRUST_BUNDLE, {}));
  const auto bundle = parse_strict<v1::GetTrustBundleResponse>(bytes_of(response.payload()), "payload").value();
  EXPECT_THAT(bundle.roots(), ElementsAre(chain_of({&installation_.root}).front()));
  EXPECT_THAT(bundle.intermediates(), ElementsAre(chain_of({&installation_.issuing}).front()));
  EXPECT_EQ(bundle.origin(), "ca.example/test");
}

TEST_F(CallersTest, ACertificateThatExpiresAfterItWasVerifiedIsRefusedFromThenOn) {
  start();
  const Identity leaf = make_client(installation_.client_root, "spiffe://example/web", [](TbsFields& fields) {
    fields.not_after = std::chrono::ceil<std::chrono::seconds>(system_clock().now()) + std::chrono::seconds(2);
  });
  const std::string ask = envelope(v1::METHOD_GET_TRUST_BUNDLE, {});
  EXPECT_FALSE(front_->ask(chain_of({&leaf}), ask).has_error());
  v1::Response response;
  ASSERT_TRUE(eventually([&] { return (response = front_->ask(chain_of({&leaf}), ask)).has_error(); }));
  EXPECT_EQ(code_of(response), ErrorCode::kUnauthenticated);
  EXPECT_THAT(response.error().message(), HasSubstr("expired at"));
}

/// What is no message of the front at all ends its connection, and only that.
class BrokenFront : public IssuerTest, public testing::WithParamInterface<std::string_view> {};

TEST_P(BrokenFront, LosesItsConnectionAndANewOneWorks) {
  start();
  const std::uint64_t call = call_issue("key-1");
  const auto request = next_sign_request();
  ASSERT_TRUE(write_all(front_->channel().fd(), bytes_of(GetParam())).has_value());
  EXPECT_THROW(static_cast<void>(front_->answer(call)), std::runtime_error);  // its end
  sign_rightly(request);
  reconnect_front(2);
  EXPECT_FALSE(issued_in(front_->answer(call_issue("key-1"))).certificate().empty());
  EXPECT_FALSE(keyholder_was_asked());
}

constexpr std::string_view kTooLong{"\xff\xff\xff\xff", 4};
constexpr std::string_view kEmpty{"\0\0\0\0", 4};
constexpr std::string_view kNotProtobuf{"\0\0\0\4\xff\xff\xff\xff", 8};
constexpr std::string_view kUnknownField{"\0\0\0\3\xa0\x06\x01", 7};
constexpr std::string_view kAddressNotUtf8{"\0\0\0\6\x0a\4\x22\2\xc3\x28", 10};
INSTANTIATE_TEST_SUITE_P(Callers, BrokenFront,
                         testing::Values(kTooLong, kEmpty, kNotProtobuf, kUnknownField, kAddressNotUtf8));

}  // namespace
}  // namespace signet::test
