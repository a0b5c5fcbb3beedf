#include "contract/openssl_verify.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "x509/openssl_handles.h"

namespace signet::test {
namespace {

const EVP_MD* digest(std::size_t bytes) {
  if (bytes == 32) return EVP_sha256();
  if (bytes == 48) return EVP_sha384();
  return bytes == 64 ? EVP_sha512() : nullptr;
}

bool set_padding(EVP_PKEY_CTX* context, SignatureAlgorithm algorithm) {
  if (!is_pss(algorithm)) return true;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, static_cast<int>(digest_bytes(algorithm))) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest(digest_bytes(algorithm))) == 1;
}

}  // namespace

bool openssl_verifies(ByteView spki, SignatureAlgorithm algorithm, ByteView message, ByteView signature) {
  const unsigned char* at = spki.data();
  const EvpPkeyPtr key(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
  const EvpMdCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* of_key = nullptr;
  return key != nullptr &&
         EVP_DigestVerifyInit(context.get(), &of_key, digest(digest_bytes(algorithm)), nullptr, key.get()) == 1 &&
         set_padding(of_key, algorithm) &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
}

}  // namespace signet::test
