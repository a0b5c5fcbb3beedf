#include "x509/generalized_time.h"

#include <fmt/format.h>

namespace signet {

/// der::Reader::time wants UTCTime before 2050, which has the same digits but for the century: whether that was right
/// shows when the time is written again.
Result<Time> read_generalized_time(der::Reader& reader, std::string_view what) {
  SIGNET_TRY(const der::Element element, reader.element(der::kGeneralizedTime, what));
  const std::string_view digits = text_of(element.contents);
  if (digits.size() < 4) return fail(ErrorCode::kInvalidArgument, fmt::format("{}: not a time", what));
  const bool late = digits.substr(0, 4) >= "2050";
  const Bytes usual = late ? copy_of(element.whole) : der::element(der::kUtcTime, element.contents.subspan(2));
  der::Reader again(usual);
  SIGNET_TRY(const Time time, again.time(what));
  if (equal(generalized_time(time), element.whole)) return time;
  return fail(ErrorCode::kInvalidArgument, fmt::format("{}: before 1950, or not a time", what));
}

Bytes generalized_time(Time time) {
  const Bytes usual = der::time(time);
  der::Reader reader(usual);
  const der::Element element = *reader.any("time");  // it was just written
  if (element.tag == der::kGeneralizedTime) return usual;
  const std::string_view digits = text_of(element.contents);
  return der::element(der::kGeneralizedTime,
                      bytes_of((digits.substr(0, 2) < "50" ? "20" : "19") + std::string(digits)));
}

}  // namespace signet
