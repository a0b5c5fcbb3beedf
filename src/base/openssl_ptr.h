// One owner for every OpenSSL object: a unique_ptr that calls OpenSSL's own function to free it. Header only, and what
// is named here of libssl links it into nobody who does not use it.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

namespace signet {

/// For objects of one folder only: using BignumPtr = std::unique_ptr<BIGNUM, Freer<&BN_free>>;
template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};

using BioMethodPtr = std::unique_ptr<BIO_METHOD, Freer<&BIO_meth_free>>;
using BioPtr = std::unique_ptr<BIO, Freer<&BIO_free_all>>;
using MdCtxPtr = std::unique_ptr<EVP_MD_CTX, Freer<&EVP_MD_CTX_free>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, Freer<&EVP_PKEY_free>>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, Freer<&SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Freer<&SSL_free>>;
using X509Ptr = std::unique_ptr<X509, Freer<&X509_free>>;

}  // namespace signet
