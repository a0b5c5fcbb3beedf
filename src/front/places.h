// Which connections there is place for, so that nobody who is not authenticated takes the place of one who is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "base/bytes.h"

namespace signet {

/// Peers that are counted as one: an IPv4 address (4 bytes), or the /64 of an IPv6 address (8 bytes), because a host
/// has all addresses of its /64 to itself.
using Network = Bytes;

/// `address` is 4 or 16 bytes in network order. An IPv4 address that is mapped into IPv6 (RFC 4291 section 2.5.5.2) is
/// that IPv4 address.
[[nodiscard]] Network network_of(std::span<const std::uint8_t> address);

/// Connections whose client is authenticated have the places of the configuration. Those whose handshake is not done,
/// or has failed, have max_handshakes() places beside them, and the newest always gets one. Single-threaded.
class Places {
 public:
  /// Of a connection; in the order of arrival.
  using Number = std::uint64_t;

  /// listen.max_connections and listen.max_connections_per_address.
  Places(std::size_t max_connections, std::size_t max_per_network)
      : max_connections_(max_connections), max_per_network_(max_per_network) {}

  /// A quarter of the connections, and at least 16.
  [[nodiscard]] static std::size_t max_handshakes(std::size_t max_connections);

  /// Whether a client of the network that authenticates now finds a place. Error kResourceExhausted names the limit.
  [[nodiscard]] Result<void> check(const Network& network) const;

  /// A connection has come. Where all places for handshakes are taken, one loses its place and is returned, to be
  /// ended: the oldest of the network that has most of them.
  [[nodiscard]] std::optional<Number> begin(Number number, const Network& network);

  /// The handshake of `number` is done, and it moves to a place of the others. Errors: as check(); kFailedPrecondition
  /// when it has lost its place.
  [[nodiscard]] Result<void> authenticate(Number number);

  /// The connection has ended. One that has lost its place may be given as well.
  void end(Number number);

 private:
  /// Every operation takes O(log n): an accept under a flood must not cost more than one in peace.
  class Handshakes {
   public:
    [[nodiscard]] std::size_t size() const noexcept { return network_of_.size(); }
    [[nodiscard]] const Network* find(Number number) const;
    void add(Number number, const Network& network);
    void remove(Number number);
    /// Of one at least. Who floods from one network cuts only the handshakes of that network.
    [[nodiscard]] Number oldest_of_the_busiest() const { return ranks_.begin()->oldest; }

   private:
    struct Rank {
      std::size_t size;
      Number oldest;
      [[nodiscard]] bool operator<(const Rank& other) const noexcept {
        return size != other.size ? size > other.size : oldest < other.oldest;
      }
    };
    using Numbers = std::set<Number>;
    [[nodiscard]] static Rank rank_of(const Numbers& numbers) { return {numbers.size(), *numbers.begin()}; }

    std::map<Number, Network> network_of_;
    std::map<Network, Numbers> numbers_of_;  // none is empty
    std::set<Rank> ranks_;                   // one of each network
  };

  std::size_t max_connections_;
  std::size_t max_per_network_;
  Handshakes handshakes_;
  std::map<Number, Network> authenticated_;
  std::map<Network, std::size_t> authenticated_of_;
};

}  // namespace signet
