// Socket pairs between the issuer and the other processes.
#pragma once

#include <cstdint>
#include <deque>
#include <string_view>

#include "supervisor/child.h"

namespace signet {

inline constexpr std::string_view kFront = "signet-front";
inline constexpr std::string_view kIssuer = "signet-issuer";
inline constexpr std::string_view kKeyholder = "signet-keyholder";

/// Joins processes that are ready for it. Each new pair has a higher generation than all before. Single-threaded.
class Links {
 public:
  /// `children` outlives it; one of them is the issuer once anybody is joined.
  explicit Links(std::deque<Child>& children) : children_(children) {}

  // Errors: no socket pair can be made. A process that cannot be told has died, and its restart joins anew.

  /// Joins `child`, which has just become ready, with whom it talks to. A keyholder that was joined with an issuer
  /// while that was starting stays joined when the issuer is ready.
  [[nodiscard]] Result<void> join_new(Child& child);
  /// The issuer was started again: its keyholders stand there already.
  [[nodiscard]] Result<void> join_keyholders(Child& issuer);
  /// The issuer lost a link. If it is not an older one and its process lives on, the two get a new one.
  [[nodiscard]] Result<void> join_again(std::uint64_t generation);

 private:
  [[nodiscard]] Result<void> join_if_possible(Child& issuer, Child& other);
  [[nodiscard]] Result<void> join(Child& issuer, Child& other);
  void send_peer(Child& to, const Child& peer, int socket) const;
  [[nodiscard]] Child& issuer();

  std::deque<Child>& children_;
  std::uint64_t generation_ = 0;
};

}  // namespace signet
