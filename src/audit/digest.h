// SHA-256 as this library needs it: very often, and over parts.
#pragma once

#include "base/bytes.h"
#include "base/openssl_ptr.h"

namespace signet::audit {

/// Keeps what OpenSSL would otherwise look up and allocate for every digest. One object per thread.
class Digest {
 public:
  Digest();
  /// RFC 6962 section 2.1: SHA-256(0x00 || entry).
  [[nodiscard]] Sha256 leaf(ByteView entry);
  /// SHA-256(0x01 || left || right).
  [[nodiscard]] Sha256 node(const Sha256& left, const Sha256& right);
  [[nodiscard]] Sha256 of(ByteView bytes) { return of(bytes, {}); }
  /// Of both, one behind the other.
  [[nodiscard]] Sha256 of(ByteView first, ByteView second);

 private:
  MdCtxPtr context_;
};

/// This thread's own.
[[nodiscard]] Digest& digest();

}  // namespace signet::audit
