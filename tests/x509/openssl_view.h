// The same structures as OpenSSL reads them, for comparison.
#pragma once

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <optional>

#include "base/bytes.h"
#include "x509/name.h"
#include "x509/openssl_handles.h"

namespace signet::test {

using X509Ptr = std::unique_ptr<X509, Freer<&X509_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, Freer<&X509_REQ_free>>;
using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, Freer<&GENERAL_NAMES_free>>;

struct ExtensionStackFree {
  void operator()(STACK_OF(X509_EXTENSION) * stack) const { sk_X509_EXTENSION_pop_free(stack, X509_EXTENSION_free); }
};
using ExtensionStackPtr = std::unique_ptr<STACK_OF(X509_EXTENSION), ExtensionStackFree>;

/// The object OpenSSL's `d2i` makes of all of `der`, or null.
template <class Pointer, auto d2i>
[[nodiscard]] Pointer openssl_parse(ByteView der) {
  const unsigned char* from = der.data();
  Pointer object(d2i(nullptr, &from, static_cast<long>(der.size())));
  if (from != der.data() + der.size()) object.reset();
  return object;
}

/// What OpenSSL's `i2d` writes.
template <auto i2d, class Object>
[[nodiscard]] Bytes openssl_encode(Object* object) {
  const int size = i2d(object, nullptr);
  if (size <= 0) return {};
  Bytes der(static_cast<std::size_t>(size));
  unsigned char* to = der.data();
  i2d(object, &to);
  return der;
}

[[nodiscard]] inline Bytes bytes_in(const ASN1_STRING* string) {
  const unsigned char* const data = ASN1_STRING_get0_data(string);
  return {data, data + ASN1_STRING_length(string)};
}

/// In AltNames' grouping. Null stands for no extension; a kind AltNames does not have gives an empty AltNames.
[[nodiscard]] inline std::optional<AltNames> alt_names_of(const GENERAL_NAMES* names) {
  if (names == nullptr) return std::nullopt;
  AltNames all;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    int type = 0;
    const auto* const value =
        static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type));
    const bool known = type == GEN_DNS || type == GEN_URI || type == GEN_EMAIL || type == GEN_IPADD;
    if (!known) return AltNames();
    const Bytes bytes = bytes_in(value);
    if (type == GEN_DNS) all.dns.emplace_back(text_of(bytes));
    if (type == GEN_URI) all.uris.emplace_back(text_of(bytes));
    if (type == GEN_EMAIL) all.emails.emplace_back(text_of(bytes));
    if (type == GEN_IPADD) all.ips.push_back({bytes});
  }
  return all;
}

}  // namespace signet::test
