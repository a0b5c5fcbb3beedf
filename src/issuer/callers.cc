#include "issuer/callers.h"

#include <fmt/format.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "base/file.h"
#include "base/openssl_ptr.h"
#include "wire/request_signature.h"

namespace signet {

namespace {

using StorePtr = std::unique_ptr<X509_STORE, Freer<&X509_STORE_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, Freer<&X509_STORE_CTX_free>>;
struct StackFreer {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_pop_free(stack, X509_free); }
};
using StackPtr = std::unique_ptr<STACK_OF(X509), StackFreer>;

constexpr std::size_t kMaxChain = 8;
constexpr int kAuthLevel = 2;  // 112 bits: no SHA-1, no RSA below 2048 (SSL_CTX_set_security_level(3))
constexpr std::string_view kClientAuth = "1.3.6.1.5.5.7.3.2";
constexpr std::size_t kMaxCached = 4096;

X509Ptr to_openssl(ByteView der) {
  const unsigned char* cursor = der.data();
  return X509Ptr(d2i_X509(nullptr, &cursor, static_cast<long>(der.size())));
}

std::unexpected<Error> unauthenticated(std::string message) {
  return fail(ErrorCode::kUnauthenticated, std::move(message), "client certificate");
}

/// Verifies `chain` and returns the earliest notAfter of the path found.
Result<Time> verify_chain(X509_STORE* trust, const std::vector<ByteView>& chain, Time now) {
  const X509Ptr leaf = to_openssl(chain.front());
  const StackPtr untrusted(sk_X509_new_null());
  const StoreContextPtr context(X509_STORE_CTX_new());
  if (leaf == nullptr || untrusted == nullptr || context == nullptr) return unauthenticated("it cannot be read");
  for (const ByteView der : std::span(chain).subspan(1)) {
    X509Ptr certificate = to_openssl(der);
    if (certificate == nullptr || sk_X509_push(untrusted.get(), certificate.get()) == 0)
      return unauthenticated("its chain cannot be read");
    static_cast<void>(certificate.release());  // the stack owns it now
  }
  if (X509_STORE_CTX_init(context.get(), trust, leaf.get(), untrusted.get()) != 1)
    return unauthenticated("out of memory");
  X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_CLIENT);
  X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context.get()), kAuthLevel);
  X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_X509_STRICT);
  X509_STORE_CTX_set_time(context.get(), 0, std::chrono::system_clock::to_time_t(now));
  if (X509_verify_cert(context.get()) != 1) {
    return unauthenticated(X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
  }
  Time earliest = Time::max();
  STACK_OF(X509)* path = X509_STORE_CTX_get0_chain(context.get());
  for (int i = 0; i < sk_X509_num(path); ++i) {
    std::tm broken_down{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(sk_X509_value(path, i)), &broken_down) != 1)
      return unauthenticated("notAfter cannot be read");
    earliest = std::min(earliest, Time(std::chrono::seconds(timegm(&broken_down))));
  }
  return earliest;
}

}  // namespace

struct Callers::Impl {
  StorePtr trust;
  const Clock* clock;
  std::mutex mutex;
  std::unordered_map<std::string, std::shared_ptr<const Caller>> verified;  // by the whole chain's bytes hashed

  std::shared_ptr<const Caller> find(const std::string& id) {
    const std::scoped_lock lock(mutex);
    const auto found = verified.find(id);
    return found == verified.end() ? nullptr : found->second;
  }

  void keep(const std::string& id, const std::shared_ptr<const Caller>& caller) {
    const std::scoped_lock lock(mutex);
    if (verified.size() >= kMaxCached) verified.clear();  // rare; what is in use comes back at once
    verified.emplace(id, caller);
  }
};

Callers::Callers(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Callers::~Callers() = default;

namespace {

constexpr std::size_t kMaxTrustFile = std::size_t{1} << 20U;
constexpr const char* kTrustField = "listen.client_trust";

Result<std::vector<Certificate>> read_trust(const std::string& path) {
  SIGNET_TRY(const Bytes content, read_file(path, kMaxTrustFile, FileTrust::kNotWritable, kTrustField));
  auto certificates = parse_certificates(content);
  if (certificates.has_value()) return certificates;
  return fail(certificates.error().code, path + ": " + certificates.error().message, kTrustField);
}

}  // namespace

Result<std::unique_ptr<Callers>> Callers::open(const std::string& trust_file, const Clock& clock) {
  SIGNET_TRY(const std::vector<Certificate> trusted, read_trust(trust_file));
  auto impl = std::make_unique<Impl>();
  impl->trust.reset(X509_STORE_new());
  impl->clock = &clock;
  for (const Certificate& certificate : trusted) {
    const X509Ptr openssl = to_openssl(certificate.der().view());
    if (openssl == nullptr || X509_STORE_add_cert(impl->trust.get(), openssl.get()) != 1) {
      return fail(ErrorCode::kInvalidArgument, trust_file + ": OpenSSL does not take one of the certificates",
                  kTrustField);
    }
  }
  return std::unique_ptr<Callers>(new Callers(std::move(impl)));
}

Result<std::shared_ptr<const Caller>> Callers::identify(const std::vector<ByteView>& chain) {
  if (chain.empty() || chain.size() > kMaxChain)
    return unauthenticated(fmt::format("a chain of {} certificates; 1 to {} are taken", chain.size(), kMaxChain));
  Bytes all;
  for (const ByteView der : chain) append(all, sha256(der));
  const std::string id = to_hex(sha256(all));
  const Time now = impl_->clock->now();
  if (auto known = impl_->find(id); known != nullptr) {
    if (now > known->not_after)
      return unauthenticated("it, or one of its issuers, expired at " + to_rfc3339(known->not_after));
    return known;
  }
  SIGNET_TRY(const Time not_after, verify_chain(impl_->trust.get(), chain, now));
  auto certificate = Certificate::parse(chain.front());
  if (!certificate.has_value()) return unauthenticated(certificate.error().message);
  // OpenSSL's purpose check lets a certificate without any extendedKeyUsage pass.
  const auto& usages = certificate->fields().extended_key_usage;
  if (std::ranges::find(usages, kClientAuth) == usages.end())
    return unauthenticated("its extendedKeyUsage has no clientAuth");
  PeerIdentity identity = PeerIdentity::from(*certificate);
  auto caller = std::make_shared<const Caller>(
      Caller{.certificate = *std::move(certificate), .identity = std::move(identity), .not_after = not_after});
  impl_->keep(id, caller);
  return caller;
}

namespace {

std::unexpected<Error> bad_signature(std::string message) {
  return fail(ErrorCode::kUnauthenticated, std::move(message), "signature");
}

}  // namespace

Result<std::optional<log::RequestProof>> verify_request_signature(const v1::Request& request,
                                                                  const PolicyClient& client, const Caller& caller,
                                                                  const RequestContext& context, Time now) {
  if (!request.has_signature()) {
    if (!client.must_sign || request.method() == v1::METHOD_GET_TRUST_BUNDLE) return std::nullopt;
    return bad_signature(fmt::format("client {} must sign its requests, and this one is not signed", client.name));
  }
  const v1::RequestSignature& given = request.signature();
  const Time time{std::chrono::microseconds(given.time_micros())};
  // Compared as bounds, so that no hostile value overflows.
  if (time < now - context.skew || time > now + context.skew) {
    return bad_signature(
        fmt::format("the request was signed more than {} away from the daemon's time {}; check the clocks",
                    format_duration(context.skew), to_rfc3339(now)));
  }
  const Bytes message = signed_request_bytes(context.origin, static_cast<std::uint32_t>(request.method()),
                                             given.time_micros(), bytes_of(request.payload()));
  const PublicKey& key = caller.certificate.public_key();
  if (!key.verify(default_algorithm(key.type()), message, bytes_of(given.signature())).has_value()) {
    return bad_signature(
        fmt::format("it does not verify with the key of the TLS certificate over the bytes that start with "
                    "the origin \"{}\"",
                    context.origin));
  }
  return log::RequestProof{.signature = copy_of(bytes_of(given.signature())), .time = time};
}

}  // namespace signet
