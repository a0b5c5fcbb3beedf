// What was found, counted by kind; only the first of a kind are told.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "signet/audit.h"

namespace signet::audit {

/// A finding of a worker, on its way to the listener. `entry` is the place in the file, counted from 0.
struct Complaint {
  std::string_view id;  ///< a constant of the program
  std::optional<std::uint64_t> entry;
  std::string place;  ///< empty for an entry
  std::string message;
};

/// Of one file, entry or record: what is wrong with it.
using Complaints = std::vector<Complaint>;

[[nodiscard]] inline Complaint about_entry(std::uint64_t entry, std::string_view id, std::string message) {
  return {.id = id, .entry = entry, .place = {}, .message = std::move(message)};
}
[[nodiscard]] inline Complaint about(std::string place, std::string_view id, std::string message) {
  return {.id = id, .entry = {}, .place = std::move(place), .message = std::move(message)};
}

/// Not thread-safe: one thread reports.
class Reporter {
 public:
  /// `listener` must outlive the object.
  Reporter(Listener& listener, std::size_t per_kind) : listener_(listener), per_kind_(per_kind) {}

  void report(Complaint complaint) { tell(Severity::kFinding, std::move(complaint)); }
  void report(Complaints complaints) {
    for (Complaint& complaint : complaints) report(std::move(complaint));
  }
  void note(Complaint complaint) { tell(Severity::kNote, std::move(complaint)); }

  [[nodiscard]] const std::map<std::string, std::uint64_t>& counts() const noexcept { return counts_; }

 private:
  void tell(Severity severity, Complaint complaint);

  Listener& listener_;
  std::size_t per_kind_;
  std::map<std::string, std::uint64_t> counts_;  // of findings
  std::map<std::string, std::uint64_t> notes_;
};

}  // namespace signet::audit
