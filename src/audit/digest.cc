#include "audit/digest.h"

#include <algorithm>
#include <array>
#include <new>

namespace signet::audit {
namespace {

using MdPtr = std::unique_ptr<EVP_MD, Freer<&EVP_MD_free>>;

const EVP_MD* algorithm() {
  static const MdPtr fetched(EVP_MD_fetch(nullptr, "SHA256", nullptr));
  return fetched.get();
}

}  // namespace

Digest::Digest() : context_(EVP_MD_CTX_new()) {
  if (!context_) throw std::bad_alloc();
}

// SHA-256 is built in, so nothing here can fail once there is a context.
Sha256 Digest::of(ByteView first, ByteView second) {
  Sha256 result{};
  EVP_DigestInit_ex2(context_.get(), algorithm(), nullptr);
  EVP_DigestUpdate(context_.get(), first.data(), first.size());
  if (!second.empty()) EVP_DigestUpdate(context_.get(), second.data(), second.size());
  EVP_DigestFinal_ex(context_.get(), result.data(), nullptr);
  return result;
}

Sha256 Digest::leaf(ByteView entry) {
  static constexpr std::array<std::uint8_t, 1> kLeaf{0x00};
  return of(kLeaf, entry);
}

Sha256 Digest::node(const Sha256& left, const Sha256& right) {
  std::array<std::uint8_t, 1 + 2 * sizeof(Sha256)> bytes{0x01};
  std::ranges::copy(left, bytes.begin() + 1);
  std::ranges::copy(right, bytes.begin() + 1 + sizeof(Sha256));
  return of(bytes, {});
}

Digest& digest() {
  static thread_local Digest own;
  return own;
}

}  // namespace signet::audit
