#include "wire/request_signature.h"

#include <gtest/gtest.h>

namespace signet {
namespace {

TEST(RequestSignature, SignsExactlyTheDocumentedBytes) {
  const Bytes bytes = signed_request_bytes("ca.example", 1, 0x0102030405060708, Bytes{0xAA, 0xBB});
  EXPECT_EQ(to_hex(bytes),
            "7369676e65742d726571756573742d763100"  // "signet-request-v1" NUL
            "000a"
            "63612e6578616d706c65"  // "ca.example"
            "00000001"
            "0102030405060708"
            "d798d1fac6bd4bb1c11f50312760351013379a0ab6f0a8c0af8a506b96b2525a");  // SHA-256 of the payload
}

TEST(RequestSignature, OriginAndPayloadCannotBeShifted) {
  EXPECT_NE(signed_request_bytes("ab", 1, 0, bytes_of("c")), signed_request_bytes("a", 1, 0, bytes_of("bc")));
}

TEST(RequestSignature, CoversTheMethod) {
  EXPECT_NE(signed_request_bytes("a", 2, 0, {}), signed_request_bytes("a", 3, 0, {}));
}

}  // namespace
}  // namespace signet
