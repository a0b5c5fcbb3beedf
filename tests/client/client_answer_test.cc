// Answers that no daemon should give.
#include "signet/client.h"

#include "client/client_fixture.h"

namespace signet::test {
namespace {

class ClientAnswer : public IssuingFixture {};

TEST_F(ClientAnswer, RefusesAnOversizeFrameWithoutReadingIt) {
  start([](const v1::Request&) { return Bytes{0x00, 0x10, 0x00, 0x01}; });  // 1 MiB and a byte, which never come
  const auto issued = issue();
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kInternal);
  EXPECT_NE(issued.error().message.find("1048577"), std::string::npos) << issued.error().message;
}

TEST_F(ClientAnswer, UnderstandsANewerDaemon) {
  start([this](const v1::Request& request) { return newer_frame_of(response_in(good_answer(request))); });
  ClientOptions options = client_options();
  options.origin.clear();  // learnt from such an answer too
  const auto issued = issue(options);
  ASSERT_TRUE(issued.has_value()) << issued.error().message;
  EXPECT_EQ(issued->log_index, 7U);
}

TEST_F(ClientAnswer, FaultsOfAnAnswerAreInternalAndNameTheRequest) {
  v1::IssueResponse no_certificate;
  no_certificate.set_certificate("junk");
  const std::vector<std::string> payloads{"\xFF\xFF", no_certificate.SerializeAsString(), ""};
  for (const std::string& payload : payloads) {
    start([&](const v1::Request& request) {
      v1::Response response;
      response.set_number(request.number());
      response.set_request_id("r-1");
      response.set_payload(payload);
      return frame_of(response);
    });
    const auto issued = issue();
    ASSERT_FALSE(issued.has_value());
    EXPECT_EQ(issued.error().code, ErrorCode::kInternal) << issued.error().message;
    EXPECT_EQ(issued.error().request_id, "r-1") << issued.error().message;
    EXPECT_EQ(issued.error().field, "");
    EXPECT_FALSE(issued.error().from_daemon);
  }
}

TEST_F(ClientAnswer, RefusesATrustBundleWithoutARootOrWithJunk) {
  for (const char* root : {"", "junk"}) {
    start([&](const v1::Request& request) {
      v1::GetTrustBundleResponse bundle;
      bundle.set_origin(kOrigin);
      if (*root != 0) bundle.add_roots(root);
      return answer(request, bundle);
    });
    const auto bundle = Client::create(client_options()).value().trust_bundle();
    ASSERT_FALSE(bundle.has_value());
    EXPECT_EQ(bundle.error().code, ErrorCode::kInternal);
    EXPECT_EQ(bundle.error().request_id, "r-1");
  }
}

TEST_F(ClientAnswer, RefusesAnAnswerToAnotherRequest) {
  start([this](v1::Request request) {
    request.set_number(request.number() + 1);
    return good_answer(request);
  });
  const auto issued = issue();
  ASSERT_FALSE(issued.has_value());
  EXPECT_EQ(issued.error().code, ErrorCode::kInternal);
  EXPECT_EQ(issued.error().request_id, "r-1");
}

TEST_F(ClientAnswer, RefusesACertificateForAnotherKey) {
  start([this](v1::Request request) {
    v1::IssueRequest other;
    const Bytes csr = make_csr("www.example.com");
    other.set_csr(csr.data(), csr.size());
    request.set_payload(other.SerializeAsString());
    return good_answer(request);
  });
  const auto issued = issue();
  ASSERT_FALSE(issued.has_value());
  EXPECT_NE(issued.error().message.find("another key"), std::string::npos) << issued.error().message;
}

}  // namespace
}  // namespace signet::test
