#include "x509/serial_number.h"

namespace signet {
namespace {

constexpr std::size_t kSerialBytes = 20;
// A source that gives a zero octet so often is broken: 2^-128 with a good one.
constexpr int kMaxDraws = 16;

}  // namespace

Result<SerialNumber> SerialNumber::random(Rng& rng) {
  Bytes bytes(kSerialBytes);
  for (int draw = 0; draw < kMaxDraws; ++draw) {
    SIGNET_CHECK(rng.fill(bytes));
    bytes[0] &= 0x7FU;  // positive
    if (bytes[0] != 0) return SerialNumber(std::move(bytes));
  }
  return fail(ErrorCode::kInternal, "the source of randomness gives zeros; no serial number can be made");
}

Result<SerialNumber> SerialNumber::from_der_contents(ByteView contents) {
  const auto refuse = [](const char* problem) { return fail(ErrorCode::kInvalidArgument, problem, "serialNumber"); };
  if (contents.empty()) return refuse("a serial number without octets");
  if (contents.size() > kSerialBytes)
    return refuse("a serial number of more than 20 octets (RFC 5280 section 4.1.2.2)");
  if ((contents[0] & 0x80U) != 0) return refuse("a negative serial number");
  if (contents.size() == 1 && contents[0] == 0) return refuse("the serial number zero; it must be positive");
  if (contents[0] == 0 && (contents[1] & 0x80U) == 0) return refuse("a serial number with a leading zero octet");
  return SerialNumber(copy_of(contents));
}

}  // namespace signet
