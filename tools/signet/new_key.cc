#include "new_key.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "base/file.h"
#include "base/openssl_ptr.h"
#include "client/tls_failure.h"
#include "x509/csr.h"

namespace signet::cli {
namespace {

constexpr std::size_t kMaxPemBytes = std::size_t{64} * 1024;
constexpr const char* kFlag = "--new-key";
using RequestPtr = std::unique_ptr<X509_REQ, Freer<&X509_REQ_free>>;

std::unexpected<Error> openssl_failed(const std::string& what) {
  return fail(ErrorCode::kInternal, fmt::format("{}: {}", what, client::take_openssl_error()), kFlag);
}

/// OpenSSL would ask for a pass phrase on the terminal by itself.
int no_pass_phrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

Result<PkeyPtr> read_key(const std::string& file, const std::string& field) {
  SIGNET_TRY(Bytes pem, read_file(file, kMaxPemBytes, FileTrust::kOwnerOnly, field));
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  PkeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr));
  OPENSSL_cleanse(pem.data(), pem.size());
  if (key != nullptr) return key;
  return fail(
      ErrorCode::kInvalidArgument,
      fmt::format("{}: an unencrypted PEM private key was expected: {}", printable(file), client::take_openssl_error()),
      field);
}

Result<PkeyPtr> make_key_like(const EVP_PKEY* old) {
  PkeyPtr key;
  std::array<char, 64> curve{};
  switch (EVP_PKEY_get_base_id(old)) {
    case EVP_PKEY_RSA:
      key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(EVP_PKEY_get_bits(old))));
      break;
    case EVP_PKEY_EC:
      if (EVP_PKEY_get_group_name(old, curve.data(), curve.size(), nullptr) == 1)
        key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve.data()));
      break;
    case EVP_PKEY_ED25519: key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); break;
    default:
      return fail(
          ErrorCode::kInvalidArgument,
          "a new key is made for EC, RSA and Ed25519 keys, and the present one is another; make one yourself and "
          "give its request with --csr",
          kFlag);
  }
  if (key == nullptr) return openssl_failed("a new key cannot be made");
  return key;
}

Result<void> write_key(const std::string& file, const EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  if (bio == nullptr || PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    return openssl_failed("the new key cannot be written");
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return write_new_file(file, bytes_of(std::string_view(text, static_cast<std::size_t>(size))), 0600);
}

const EVP_MD* digest_for(const EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519) return nullptr;  // it hashes by itself
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return EVP_sha256();
  const int bits = EVP_PKEY_get_bits(key);
  return bits > 384 ? EVP_sha512() : bits > 256 ? EVP_sha384() : EVP_sha256();
}

Result<Bytes> make_request(EVP_PKEY* key) {
  const RequestPtr request(X509_REQ_new());
  const bool signed_by_key = request != nullptr && X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
                             X509_REQ_set_pubkey(request.get(), key) == 1 &&
                             X509_REQ_sign(request.get(), key, digest_for(key)) > 0;
  if (!signed_by_key) return openssl_failed("the certificate request cannot be made");
  unsigned char* der = nullptr;
  const int size = i2d_X509_REQ(request.get(), &der);
  if (size <= 0) return openssl_failed("the certificate request cannot be written");
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

bool exists(const std::string& file) { return access(file.c_str(), F_OK) == 0; }

/// The request of an earlier attempt, which must be of this key.
Result<Bytes> earlier_request(const std::string& file, const EVP_PKEY* key) {
  SIGNET_TRY(Bytes der, read_file(file, kMaxPemBytes, FileTrust::kNotWritable, kFlag));
  SIGNET_TRY(const Csr csr, Csr::parse(der));
  unsigned char* spki = nullptr;
  const int size = i2d_PUBKEY(key, &spki);
  const bool same = size > 0 && equal(csr.public_key().spki(), ByteView(spki, static_cast<std::size_t>(size)));
  OPENSSL_free(spki);
  if (same) return der;
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("{} is not of the key beside it; remove both to begin anew", printable(file)), kFlag);
}

}  // namespace

Result<PendingKey> PendingKey::open(const std::string& file, const std::string& like_file) {
  PendingKey pending(file, {});
  if (!exists(pending.key_file())) {
    SIGNET_TRY(const PkeyPtr old, read_key(like_file, "key"));
    SIGNET_TRY(const PkeyPtr made, make_key_like(old.get()));
    std::remove(pending.csr_file().c_str());  // of a key that is gone
    SIGNET_CHECK(write_key(pending.key_file(), made.get()));
    pending.is_new_ = true;
  }
  SIGNET_TRY(const PkeyPtr key, read_key(pending.key_file(), kFlag));
  if (exists(pending.csr_file())) {
    SIGNET_TRY(pending.csr_, earlier_request(pending.csr_file(), key.get()));
    return pending;
  }
  SIGNET_TRY(pending.csr_, make_request(key.get()));
  SIGNET_CHECK(write_new_file(pending.csr_file(), pending.csr_, 0600));
  return pending;
}

Result<void> PendingKey::keep(bool force) const {
  const auto failed = [&] {
    return fail_errno(errno, fmt::format("{}: the new key stays in {}", file_, key_file()), kFlag);
  };
  if (force) {
    if (std::rename(key_file().c_str(), file_.c_str()) != 0) return failed();
  } else {
    if (link(key_file().c_str(), file_.c_str()) != 0) return failed();
    if (unlink(key_file().c_str()) != 0) return failed();
  }
  SIGNET_CHECK(sync_directory(directory_of(file_)));
  std::remove(csr_file().c_str());
  return {};
}

void PendingKey::discard() const noexcept {
  if (!is_new_) return;
  std::remove(key_file().c_str());
  std::remove(csr_file().c_str());
}

}  // namespace signet::cli
