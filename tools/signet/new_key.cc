#include "new_key.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "base/file.h"
#include "base/openssl_ptr.h"
#include "client/tls_failure.h"
#include "x509/csr.h"

namespace signet::cli {
namespace {

constexpr std::size_t kMaxPemBytes = std::size_t{64} * 1024;
constexpr std::size_t kMaxPath = 4096;
constexpr int kLockAttempts = 20;  // each time another one has just ended
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

Result<Bytes> spki_of(const EVP_PKEY* key) {
  unsigned char* spki = nullptr;
  const int size = i2d_PUBKEY(key, &spki);
  if (size <= 0) return openssl_failed("the new key's public half cannot be written");
  Bytes bytes(spki, spki + size);
  OPENSSL_free(spki);
  return bytes;
}

/// The request of an earlier attempt, which must be of this key.
Result<Bytes> earlier_request(const std::string& file, const Bytes& spki) {
  SIGNET_TRY(Bytes der, read_file(file, kMaxPemBytes, FileTrust::kNotWritable, kFlag));
  const auto csr = Csr::parse(der);
  if (csr.has_value() && equal(csr->public_key().spki(), spki)) return der;
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("{}: {}", printable(file, kMaxPath),
                          csr.has_value() ? "it is not of the key beside it" : csr.error().message),
              kFlag);
}

/// Of the names that write_new_file() gives to what is not whole yet.
bool is_half_written(std::string_view name, std::string_view of) {
  constexpr std::string_view kEnd = ".new";
  if (!name.starts_with(of) || !name.ends_with(kEnd) || name.size() <= of.size() + kEnd.size() + 1) return false;
  name.remove_prefix(of.size());
  name.remove_suffix(kEnd.size());
  return name.front() == '.' && name.find_first_not_of("0123456789abcdef", 1) == std::string_view::npos;
}

/// Where a file system cannot do it in one step, in two: then the file has both names for a moment.
bool rename_to_nothing(const std::string& from, const std::string& to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  return link(from.c_str(), to.c_str()) == 0 && unlink(from.c_str()) == 0;
}

}  // namespace

// While it is still held: whoever waits for it finds that its name is gone and takes a new one.
PendingKey::Lock::~Lock() {
  if (file_.valid()) std::remove(path_.c_str());
}

Result<PendingKey::Lock> PendingKey::take_lock(const std::string& path, const std::string& file) {
  for (int attempt = 0; attempt < kLockAttempts; ++attempt) {
    auto held = signet::lock_file(path);
    if (!held.has_value() && held.error().code != ErrorCode::kFailedPrecondition) return std::unexpected(held.error());
    if (!held.has_value()) break;
    struct stat mine{};
    struct stat named{};
    const bool same = fstat(held->get(), &mine) == 0 && stat(path.c_str(), &named) == 0 &&
                      mine.st_ino == named.st_ino && mine.st_dev == named.st_dev;
    if (same) return Lock(path, *std::move(held));
  }
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("another renewal with --new-key {} is under way; wait for its end, or name another file",
                          printable(file, kMaxPath)),
              kFlag);
}

Result<PendingKey> PendingKey::open(const std::string& file) {
  SIGNET_TRY(Lock lock, take_lock(file + ".pending.lock", file));
  PendingKey pending(file, std::move(lock));
  pending.remove_leftovers();
  SIGNET_CHECK(pending.read());
  return pending;
}

std::string PendingKey::both() const {
  return fmt::format("{} and {}", printable(key_file(), kMaxPath), printable(csr_file(), kMaxPath));
}

/// What an earlier attempt left, if it did.
Result<void> PendingKey::read() {
  const auto damaged = [&](Error error) -> Result<void> {
    error.message += fmt::format("; remove {} to begin anew", both());
    return std::unexpected(std::move(error));
  };
  if (!exists(key_file())) {
    std::remove(csr_file().c_str());  // of a key that is gone
    return {};
  }
  const auto key = read_key(key_file(), kFlag);
  if (!key.has_value()) return damaged(key.error());
  SIGNET_TRY(spki_, spki_of(key->get()));
  if (!exists(csr_file())) return {};
  auto request = earlier_request(csr_file(), spki_);
  if (!request.has_value()) return damaged(std::move(request).error());
  csr_ = *std::move(request);
  return {};
}

Result<void> PendingKey::make(const std::string& like_file) {
  if (spki_.empty()) {
    SIGNET_TRY(const PkeyPtr old, read_key(like_file, "key"));
    SIGNET_TRY(const PkeyPtr made, make_key_like(old.get()));
    SIGNET_TRY(Bytes spki, spki_of(made.get()));
    SIGNET_CHECK(write_key(key_file(), made.get()));
    spki_ = std::move(spki);
    is_new_ = true;
  }
  if (!csr_.empty()) return {};
  SIGNET_TRY(const PkeyPtr key, read_key(key_file(), kFlag));
  SIGNET_TRY(csr_, make_request(key.get()));
  return write_new_file(csr_file(), csr_, 0600);
}

Result<void> PendingKey::make_anew(const std::string& like_file) {
  remove_both();
  return make(like_file);
}

Result<void> PendingKey::keep(bool force) {
  const bool renamed =
      force ? std::rename(key_file().c_str(), file_.c_str()) == 0 : rename_to_nothing(key_file(), file_);
  if (!renamed) return fail_errno(errno, fmt::format("{}: the new key stays in {}", file_, key_file()), kFlag);
  spki_.clear();
  SIGNET_CHECK(sync_directory(directory_of(file_)));
  remove_both();
  return {};
}

void PendingKey::discard() noexcept {
  if (is_new_) remove_both();
}

void PendingKey::remove_both() noexcept {
  std::remove(key_file().c_str());
  std::remove(csr_file().c_str());
  spki_.clear();
  csr_.clear();
}

void PendingKey::remove_leftovers() const noexcept {
  std::error_code ignored;
  const std::string key = std::filesystem::path(key_file()).filename();
  const std::string csr = std::filesystem::path(csr_file()).filename();
  std::filesystem::directory_iterator entry(directory_of(file_), ignored);
  for (; entry != std::filesystem::directory_iterator(); entry.increment(ignored)) {
    const std::string name = entry->path().filename();
    if (is_half_written(name, key) || is_half_written(name, csr)) std::filesystem::remove(entry->path(), ignored);
  }
}

}  // namespace signet::cli
