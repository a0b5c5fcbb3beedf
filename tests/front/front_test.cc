// The real process: requests, connections and its own life.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "front_fixture.h"

namespace signet::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

class Front : public FrontFixture {};

/// Tries for 10 s.
template <class Attempt>
bool becomes_possible(Attempt attempt) {
  for (const auto end = steady_clock::now() + seconds(10); steady_clock::now() < end;) {
    if (attempt()) return true;
    std::this_thread::sleep_for(milliseconds(50));
  }
  return false;
}

TEST_F(Front, CarriesARequestToTheIssuerAndItsAnswerBack) {
  start();
  TlsClient client = connect();
  ASSERT_TRUE(client.send_request(7, "ping"));
  const auto call = issuer().next_call();
  v1::Request request;
  ASSERT_TRUE(request.ParseFromString(call.request()));
  EXPECT_EQ(request.number(), 7U);
  EXPECT_EQ(request.payload(), "ping");
  EXPECT_THAT(call.address(), testing::StartsWith("127.0.0.1:"));
  issuer().answer(call, "pong");
  const auto response = client.next_response();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->number(), 7U);
  EXPECT_EQ(response->payload(), "pong");
}

TEST_F(Front, GivesClientsNoTicketToResumeWith) {
  start();
  TlsClient client = connect();
  expect_it_works(client);
  EXPECT_EQ(SSL_SESSION_is_resumable(SSL_get0_session(client.ssl())), 0);
  const unsigned char* protocol = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(client.ssl(), &protocol, &size);
  EXPECT_EQ(std::string(protocol, protocol + size), "signet/1");
}

TEST_F(Front, ServesManyClientsAtOnce) {
  start();
  std::vector<std::unique_ptr<TlsClient>> clients;
  for (std::uint64_t number = 1; number <= 100; ++number) {
    clients.push_back(std::make_unique<TlsClient>(front().port(), ClientOptions{.identity = &client_}));
    ASSERT_TRUE(clients.back()->send_request(number));
  }
  for (int i = 0; i < 100; ++i) {
    const auto call = issuer().next_call();
    v1::Request request;
    ASSERT_TRUE(request.ParseFromString(call.request()));
    issuer().answer(call, std::to_string(request.number()));
  }
  for (std::uint64_t number = 1; number <= 100; ++number) {
    const auto response = clients[number - 1]->next_response();
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->number(), number);
    EXPECT_EQ(response->payload(), std::to_string(number));
  }
}

TEST_F(Front, HandsOnTheVerifiedChainLeafFirstWithoutTheRoot) {
  start();
  const Identity leaf = make_leaf(site_.client_intermediate, "client");
  TlsClient client(front().port(), {.identity = &leaf});  // the intermediate is in listen.client_trust
  ASSERT_TRUE(client.send_request(1));
  const auto call = issuer().next_call();
  ASSERT_EQ(call.peer_chain_size(), 2);
  EXPECT_EQ(copy_of(bytes_of(call.peer_chain(0))), der_of(leaf.certificate.get()));
  EXPECT_EQ(copy_of(bytes_of(call.peer_chain(1))), der_of(site_.client_intermediate.certificate.get()));
}

TEST_F(Front, AcceptsAnIntermediateThatTheClientSends) {
  start();
  const Identity intermediate = make_intermediate(site_.client_root, "Another Intermediate");
  const Identity leaf = make_leaf(intermediate, "client");
  TlsClient client(front().port(), {.identity = &leaf, .chain = &intermediate});
  ASSERT_TRUE(client.send_request(1));
  EXPECT_EQ(issuer().next_call().peer_chain_size(), 2);
}

TEST_F(Front, AnswersPipelinedRequestsInTheIssuersOrder) {
  start();
  TlsClient client = connect();
  std::vector<internal::Call> calls;
  for (std::uint64_t number = 1; number <= 60; ++number) ASSERT_TRUE(client.send_request(number));
  for (int i = 0; i < 60; ++i) calls.push_back(issuer().next_call());
  for (auto call = calls.rbegin(); call != calls.rend(); ++call) issuer().answer(*call, std::string(3000, 'x'));
  for (std::uint64_t number = 60; number >= 1; --number) {
    const auto response = client.next_response();
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->number(), number);
    EXPECT_EQ(response->payload().size(), 3000U);
  }
}

TEST_F(Front, PausesReadingAtTheLimitOfRequestsInFlight) {
  site_.listen_options["max_requests_in_flight"] = "4";
  start();
  TlsClient client = connect();
  for (std::uint64_t number = 1; number <= 6; ++number) ASSERT_TRUE(client.send_request(number));
  std::vector<internal::Call> calls;
  for (int i = 0; i < 4; ++i) calls.push_back(issuer().next_call());
  EXPECT_FALSE(issuer().next(milliseconds(300)).has_value()) << "a fifth request came through";
  issuer().answer(calls[2], "done");
  EXPECT_EQ(client.next_response()->number(), 3U);
  calls.push_back(issuer().next_call());
  for (const int which : {0, 1, 3, 4}) issuer().answer(calls[static_cast<std::size_t>(which)], "done");
  issuer().answer(issuer().next_call(), "done");
  std::set<std::uint64_t> numbers;
  for (int i = 0; i < 5; ++i) numbers.insert(client.next_response()->number());
  EXPECT_THAT(numbers, testing::ElementsAre(1U, 2U, 4U, 5U, 6U));
}

TEST_F(Front, CarriesRequestsAndAnswersOfTheLargestSize) {
  start();
  TlsClient client = connect();
  v1::Request request;
  request.set_number(1);
  request.set_method(v1::METHOD_ISSUE);
  request.set_payload(std::string(64 * 1024 - 8, 'q'));
  ASSERT_EQ(request.ByteSizeLong(), 64U * 1024);
  ASSERT_TRUE(client.send_frame(request.SerializeAsString()));
  const auto call = issuer().next_call();
  EXPECT_EQ(call.request(), request.SerializeAsString());
  issuer().answer(call, std::string(1024 * 1024 - 16, 'a'));
  const auto response = client.next_response();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->payload().size(), 1024U * 1024 - 16);
}

TEST_F(Front, SaysSoWhenAnAnswerIsTooLongToBeSent) {
  start();
  TlsClient client = connect();
  ASSERT_TRUE(client.send_request(5));
  issuer().answer(issuer().next_call(), std::string(1024 * 1024, 'a'));
  const auto response = client.next_response();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->number(), 5U);
  EXPECT_EQ(response->error().code(), static_cast<std::uint32_t>(ErrorCode::kInternal));
}

TEST_F(Front, AnswersWhatIsInFlightAfterTheClientEndedItsRequests) {
  start();
  TlsClient client = connect();
  ASSERT_TRUE(client.send_request(9));
  const auto call = issuer().next_call();
  client.end_requests();
  issuer().answer(call, "late");
  const auto response = client.next_response();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->payload(), "late");
  EXPECT_TRUE(client.is_closed_by_server());
}

TEST_F(Front, GoesOnWhenAClientLeavesBeforeItsAnswer) {
  start();
  TlsClient gone = connect();
  ASSERT_TRUE(gone.send_request(1));
  const auto call = issuer().next_call();
  gone.close();
  issuer().answer(call, "to nobody");
  expect_it_works();
}

TEST_F(Front, AnswersAreRefusedAsUnavailableWithoutAnIssuer) {
  start_without_issuer();
  TlsClient client = connect();
  ASSERT_TRUE(client.send_request(3));
  expect_unavailable(client.next_response(), 3);
}

TEST_F(Front, RequestsInFlightAreUnavailableWhenTheIssuerGoesAndWorkWithTheNext) {
  start();
  TlsClient client = connect();
  for (std::uint64_t number = 1; number <= 3; ++number) ASSERT_TRUE(client.send_request(number));
  for (int i = 0; i < 3; ++i) static_cast<void>(issuer().next_call());
  issuer().close();
  std::set<std::uint64_t> numbers;
  for (int i = 0; i < 3; ++i) {
    const auto response = client.next_response();
    ASSERT_TRUE(response.has_value());
    numbers.insert(response->number());
    expect_unavailable(response, response->number());
  }
  EXPECT_THAT(numbers, testing::ElementsAre(1U, 2U, 3U));
  issuer_.emplace(front().connect_issuer(2));
  expect_it_works(client);
}

TEST_F(Front, AnswersOfAnOlderGenerationAreDropped) {
  start();
  TlsClient client = connect();
  ASSERT_TRUE(client.send_request(1));
  const auto old_call = issuer().next_call();
  FakeIssuer next = front().connect_issuer(2);
  expect_unavailable(client.next_response(), 1);
  internal::Call forged = old_call;
  EXPECT_FALSE(issuer().next(seconds(5)).has_value()) << "the old channel is closed";
  ASSERT_TRUE(client.send_request(2));
  const auto call = next.next_call();
  EXPECT_GT(call.id(), old_call.id());
  next.answer(forged, "of the past");  // an id that is nobody's any more
  next.answer(call, "of today");
  EXPECT_EQ(client.next_response()->payload(), "of today");
}

TEST_F(Front, AChannelOfAGenerationThatIsNotNewerIsIgnored) {
  start();
  FakeIssuer stale = front().connect_issuer(1);
  EXPECT_FALSE(stale.next(seconds(5)).has_value()) << "its socket is closed";
  expect_it_works();
}

TEST_F(Front, DrainFinishesWhatIsInFlightAndLeavesWithStatusZero) {
  start();
  TlsClient client = connect();
  TlsClient idle = connect();
  ASSERT_TRUE(client.send_request(1));
  const auto call = issuer().next_call();
  ASSERT_TRUE(idle.send_request(1));
  issuer().answer(issuer().next_call(), "before");
  ASSERT_TRUE(idle.next_response().has_value());
  front().drain();
  EXPECT_TRUE(idle.is_closed_by_server());
  ASSERT_TRUE(client.send_request(2));
  expect_unavailable(client.next_response(), 2);
  issuer().answer(call, "in time");
  const auto response = client.next_response();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->payload(), "in time");
  EXPECT_TRUE(client.is_closed_by_server());
  client.close();
  idle.close();
  EXPECT_EQ(front().wait_for_exit(), 0);
}

TEST_F(Front, LeavesWhenTheControlSocketCloses) {
  start();
  TlsClient client = connect();
  ASSERT_TRUE(client.send_request(1));
  static_cast<void>(issuer().next_call());
  front().close_control();
  EXPECT_EQ(front().wait_for_exit(), 0);
}

TEST_F(Front, HasTakenItsPrivilegesAwayWhenItSaysReady) {
  start();
  EXPECT_EQ(front().status_value("NoNewPrivs"), "1");
  EXPECT_EQ(front().status_value("Seccomp"), "2");
}

TEST_F(Front, RefusesConnectionsAboveTheLimitAndTakesThemAgainLater) {
  site_.listen_options["max_connections"] = "2";
  start();
  TlsClient first = connect();
  expect_it_works(first);
  TlsClient second = connect();
  expect_it_works(second);
  TlsClient third = connect();
  EXPECT_TRUE(!third.is_connected() || third.is_closed_by_server());
  const auto report = issuer().next_report();
  EXPECT_EQ(report.reason(), "too-many-connections");
  EXPECT_THAT(report.text(), testing::HasSubstr("listen.max_connections"));
  first.end_requests();
  EXPECT_TRUE(first.is_closed_by_server());
  first.close();
  EXPECT_TRUE(becomes_possible([this] {
    TlsClient again = connect();
    if (!again.is_connected() || !again.send_request(1)) return false;
    const auto message = issuer().next(milliseconds(200));
    return message.has_value() && message->has_call();
  }));
}

TEST_F(Front, RefusesAClientWhoseLastPlaceWentDuringItsHandshake) {
  site_.listen_options["max_connections"] = "1";
  start();
  UniqueFd first_socket = connect_tcp(front().port());
  UniqueFd second_socket = connect_tcp(front().port());
  std::this_thread::sleep_for(milliseconds(200));  // both are accepted by now; if not, the second is refused as well
  TlsClient first(std::move(first_socket), {.identity = &client_});
  expect_it_works(first);
  TlsClient second(std::move(second_socket), {.identity = &client_});
  EXPECT_TRUE(!second.is_connected() || second.is_closed_by_server());
  const auto report = issuer().next_report();
  EXPECT_EQ(report.reason(), "too-many-connections");
  EXPECT_FALSE(report.peer_certificate().empty()) << "it was refused before its handshake";
}

TEST_F(Front, RefusesConnectionsOfOneAddressAboveItsLimit) {
  site_.listen_options["max_connections_per_address"] = "1";
  start();
  TlsClient first = connect();
  expect_it_works(first);
  TlsClient second = connect();
  EXPECT_TRUE(!second.is_connected() || second.is_closed_by_server());
  EXPECT_THAT(issuer().next_report().text(), testing::HasSubstr("listen.max_connections_per_address"));
  expect_it_works(first);
}

TEST_F(Front, ClosesAnIdleConnectionButNotOneThatWaitsForAnAnswer) {
  site_.listen_options["idle_timeout"] = "\"1s\"";
  start();
  TlsClient idle = connect();
  TlsClient waiting = connect();
  ASSERT_TRUE(waiting.send_request(1));
  const auto call = issuer().next_call();
  EXPECT_TRUE(idle.is_closed_by_server());
  std::this_thread::sleep_for(milliseconds(1300));
  issuer().answer(call, "at last");
  const auto response = waiting.next_response();
  ASSERT_TRUE(response.has_value());
  EXPECT_EQ(response->payload(), "at last");
}

/// A client that sends `count` requests, all of which reach the issuer, and reads nothing.
class SlowReader : public FrontFixture {
 protected:
  void start_with_unread_answers(int count, const std::string& frame_timeout) {
    site_.listen_options["frame_timeout"] = frame_timeout;
    start();
    client_that_waits_.emplace(front().port(), ClientOptions{.identity = &client_, .has_small_window = true});
    std::vector<internal::Call> calls;
    for (int i = 1; i <= count; ++i) ASSERT_TRUE(client_that_waits_->send_request(static_cast<std::uint64_t>(i)));
    for (int i = 0; i < count; ++i) calls.push_back(issuer().next_call());
    begin_ = steady_clock::now();
    for (const auto& call : calls) issuer().answer(call, std::string(kAnswerBytes, 'a'));
  }

  void expect_cut(const std::string& text) {
    const auto report = issuer().next_report();
    EXPECT_EQ(report.reason(), "answers-not-read");
    EXPECT_EQ(report.text(), text);
    EXPECT_FALSE(report.peer_certificate().empty());
    expect_it_works();
  }

  static constexpr std::size_t kAnswerBytes = 1024 * 1024 - 64;
  std::optional<TlsClient> client_that_waits_;
  steady_clock::time_point begin_;
};

TEST_F(SlowReader, IsCutWhenItTakesNothingForTheTimeOfAFrame) {
  start_with_unread_answers(4, "\"1s\"");  // just below Connection::kMaxOutgoingBytes
  expect_cut("the client does not take its answers");
  EXPECT_GE(steady_clock::now() - begin_, milliseconds(900));
}

TEST_F(SlowReader, IsCutAtOnceWhenTooMuchWaitsForIt) {
  start_with_unread_answers(6, "\"60s\"");
  expect_cut("the client sends requests and does not take their answers");
}

}  // namespace
}  // namespace signet::test
