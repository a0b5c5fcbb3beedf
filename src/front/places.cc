#include "front/places.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace signet {
namespace {

constexpr std::size_t kFewestHandshakes = 16;
constexpr std::size_t kPrefixBytes = 8;
constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

Network network_of(std::span<const std::uint8_t> address) {
  if (address.size() > kMappedPrefix.size()) {
    const bool is_mapped = std::ranges::equal(address.first(kMappedPrefix.size()), kMappedPrefix);
    address = is_mapped ? address.subspan(kMappedPrefix.size()) : address.first(kPrefixBytes);
  }
  return {address.begin(), address.end()};
}

std::size_t Places::max_handshakes(std::size_t max_connections) {
  return std::max(max_connections / 4, kFewestHandshakes);
}

Result<void> Places::check(const Network& network) const {
  if (authenticated_.size() >= max_connections_) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("all {} connections are taken (listen.max_connections)", max_connections_));
  }
  const auto found = authenticated_of_.find(network);
  if (found != authenticated_of_.end() && found->second >= max_per_network_) {
    return fail(ErrorCode::kResourceExhausted,
                fmt::format("all {} connections of this address{} are taken (listen.max_connections_per_address)",
                            max_per_network_, network.size() == kPrefixBytes ? "'s /64" : ""));
  }
  return {};
}

std::optional<Places::Number> Places::begin(Number number, const Network& network) {
  std::optional<Number> cut;
  if (handshakes_.size() >= max_handshakes(max_connections_)) {
    cut = handshakes_.oldest_of_the_busiest();
    handshakes_.remove(*cut);
  }
  handshakes_.add(number, network);
  return cut;
}

Result<void> Places::authenticate(Number number) {
  const Network* const network = handshakes_.find(number);
  if (network == nullptr) {
    return fail(ErrorCode::kFailedPrecondition, "the connection was cut to make room for another");
  }
  SIGNET_CHECK(check(*network));
  ++authenticated_of_[*network];
  authenticated_.emplace(number, *network);
  handshakes_.remove(number);
  return {};
}

void Places::end(Number number) {
  handshakes_.remove(number);
  const auto found = authenticated_.find(number);
  if (found == authenticated_.end()) return;
  const auto of_network = authenticated_of_.find(found->second);
  if (--of_network->second == 0) authenticated_of_.erase(of_network);
  authenticated_.erase(found);
}

const Network* Places::Handshakes::find(Number number) const {
  const auto found = network_of_.find(number);
  return found == network_of_.end() ? nullptr : &found->second;
}

void Places::Handshakes::add(Number number, const Network& network) {
  Numbers& numbers = numbers_of_[network];
  if (!numbers.empty()) ranks_.erase(rank_of(numbers));
  numbers.insert(number);
  ranks_.insert(rank_of(numbers));
  network_of_.emplace(number, network);
}

void Places::Handshakes::remove(Number number) {
  const auto found = network_of_.find(number);
  if (found == network_of_.end()) return;
  const auto numbers = numbers_of_.find(found->second);
  ranks_.erase(rank_of(numbers->second));
  numbers->second.erase(number);
  if (numbers->second.empty()) {
    numbers_of_.erase(numbers);
  } else {
    ranks_.insert(rank_of(numbers->second));
  }
  network_of_.erase(found);
}

}  // namespace signet
