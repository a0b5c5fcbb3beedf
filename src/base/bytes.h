// Bytes, their textual forms, and SHA-256.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "signet/result.h"

namespace signet {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;
using Sha256 = std::array<std::uint8_t, 32>;

/// Bytes that hold one kind of structure and convert to no other: TbsDer is not CertificateDer. Immutable.
template <class Tag>
class TypedBytes {
 public:
  TypedBytes() = default;
  explicit TypedBytes(Bytes bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] ByteView view() const noexcept { return bytes_; }
  [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }
  [[nodiscard]] bool empty() const noexcept { return bytes_.empty(); }
  friend bool operator==(const TypedBytes&, const TypedBytes&) = default;

 private:
  Bytes bytes_;
};

/// A DER TBSCertificate (RFC 5280 section 4.1).
using TbsDer = TypedBytes<struct TbsTag>;
/// A DER Certificate.
using CertificateDer = TypedBytes<struct CertificateTag>;
/// A signature value as it stands in a certificate's BIT STRING, without the unused-bits byte: for ECDSA the DER
/// ECDSA-Sig-Value (RFC 3279 section 2.2.3), for RSA the integer's bytes, for Ed25519 64 bytes.
using SignatureValue = TypedBytes<struct SignatureTag>;

/// The characters of `text` as bytes, and bytes as characters; neither copies, both live as long as their argument.
[[nodiscard]] ByteView bytes_of(std::string_view text) noexcept;
[[nodiscard]] std::string_view text_of(ByteView bytes) noexcept;

[[nodiscard]] Bytes copy_of(ByteView bytes);
void append(Bytes& to, ByteView bytes);
[[nodiscard]] bool equal(ByteView a, ByteView b) noexcept;
/// Takes time that depends on the lengths only. For secrets.
[[nodiscard]] bool equal_constant_time(ByteView a, ByteView b) noexcept;

/// Lower-case hexadecimal without separators; from_hex takes both cases and an even number of digits.
[[nodiscard]] std::string to_hex(ByteView bytes);
[[nodiscard]] Result<Bytes> from_hex(std::string_view text);

/// RFC 4648 section 4, padded, no line breaks. from_base64 takes exactly what to_base64 writes.
[[nodiscard]] std::string to_base64(ByteView bytes);
[[nodiscard]] Result<Bytes> from_base64(std::string_view text);

/// Big-endian integers, as every format of this project has them. read_* need at least 2, 4 or 8 bytes.
void append_u16(Bytes& to, std::uint16_t value);
void append_u32(Bytes& to, std::uint32_t value);
void append_u64(Bytes& to, std::uint64_t value);
[[nodiscard]] std::uint32_t read_u32(ByteView from) noexcept;
[[nodiscard]] std::uint64_t read_u64(ByteView from) noexcept;

[[nodiscard]] Sha256 sha256(ByteView bytes);

/// `text` made safe to log and to show: control characters and bytes that are not UTF-8 become \xNN, and what is
/// longer than `max_bytes` is cut and ends in "...". Foreign text passes through this before it goes anywhere.
[[nodiscard]] std::string printable(std::string_view text, std::size_t max_bytes = 256);

}  // namespace signet
