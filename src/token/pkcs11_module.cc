#include "token/pkcs11_module.h"

#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "token/pkcs11_error.h"
#include "token/signing_mechanism.h"

namespace signet {
namespace {

/// Text of the fixed fields of PKCS#11, which are padded with blanks (some modules pad with NULs).
template <std::size_t N>
std::string unpadded(const unsigned char (&field)[N]) {
  std::string_view text(reinterpret_cast<const char*>(field), N);
  const auto last = text.find_last_not_of(std::string_view(" \0", 2));
  return std::string(text.substr(0, last == std::string_view::npos ? 0 : last + 1));
}

std::string last_dl_error() {
  const char* text = dlerror();  // NOLINT(concurrency-mt-unsafe): glibc keeps it per thread
  return printable(text == nullptr ? "no reason given" : text);
}

/// Never unmapped again: modules start threads and register handlers that outlive C_Finalize.
Result<const CK_FUNCTION_LIST*> open_library(const std::string& path) {
  if (!path.starts_with('/')) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("the PKCS#11 module '{}' is not an absolute path", printable(path)));
  }
  if (access(path.c_str(), F_OK) != 0) {
    return fail_errno(errno, fmt::format("the PKCS#11 module {} cannot be opened", printable(path)));
  }
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("the PKCS#11 module {} does not load: {}", printable(path), last_dl_error()));
  }
  const auto get_function_list = reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"));
  if (get_function_list == nullptr) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("{} is a library but not a PKCS#11 module: it has no C_GetFunctionList", printable(path)));
  }
  CK_FUNCTION_LIST* functions = nullptr;
  const CK_RV rv = get_function_list(&functions);
  if (rv != CKR_OK) return fail_pkcs11(rv, "C_GetFunctionList", fmt::format("of {}", printable(path)));
  if (functions == nullptr || functions->version.major < 2) {
    return fail(ErrorCode::kFailedPrecondition,
                fmt::format("{} does not speak PKCS#11 version 2 or later", printable(path)));
  }
  return functions;
}

/// CK_C_INITIALIZE_ARGS as NSS has it: what the standard calls pReserved is its LibraryParameters, and one pointer more
/// stands behind. YubiHSM reads a text from pReserved, too.
struct InitializeArguments {
  CK_C_INITIALIZE_ARGS standard;
  void* nss_reserved;
};

/// True when this call initialised the module, false when somebody else in this process already had.
Result<bool> initialise(const CK_FUNCTION_LIST& functions, const std::string& path, const ModuleOptions& options) {
  std::string parameters = options.init_arguments;
  InitializeArguments arguments{};
  if (options.threads == ModuleThreads::kMany) arguments.standard.flags = CKF_OS_LOCKING_OK;
  if (!parameters.empty()) arguments.standard.pReserved = parameters.data();
  // Never null, although the standard takes that for one thread: YubiHSM's module does not.
  const CK_RV rv = functions.C_Initialize(&arguments);
  if (rv == CKR_CRYPTOKI_ALREADY_INITIALIZED) return false;
  if (rv != CKR_OK) return fail_pkcs11(rv, "C_Initialize", fmt::format("of {}", printable(path)));
  return true;
}

bool matches(const Pkcs11Uri& uri, const TokenInfo& token) {
  const auto agrees = [](const std::optional<std::string>& wanted, const std::string& has) {
    return !wanted || *wanted == has;
  };
  return agrees(uri.token, token.label) && agrees(uri.manufacturer, token.manufacturer) &&
         agrees(uri.model, token.model) && agrees(uri.serial, token.serial);
}

std::string describe_tokens(const std::vector<TokenInfo>& tokens) {
  std::vector<std::string> texts;
  for (const TokenInfo& token : tokens) {
    texts.push_back(fmt::format("'{}' (serial {})", printable(token.label), printable(token.serial)));
  }
  return texts.empty() ? "there is no initialised token" : fmt::format("present are {}", fmt::join(texts, ", "));
}

/// CK_UNAVAILABLE_INFORMATION and CK_EFFECTIVELY_INFINITE are no numbers.
SessionCount session_count(const CK_TOKEN_INFO& info) {
  SessionCount count;
  if (info.ulMaxSessionCount != CK_EFFECTIVELY_INFINITE && info.ulMaxSessionCount != CK_UNAVAILABLE_INFORMATION)
    count.most = info.ulMaxSessionCount;
  if (info.ulSessionCount != CK_UNAVAILABLE_INFORMATION) count.open = info.ulSessionCount;
  return count;
}

Result<std::vector<CK_MECHANISM_TYPE>> offered_mechanisms(const CK_FUNCTION_LIST& functions, CK_SLOT_ID slot,
                                                          const std::string& path) {
  CK_ULONG count = 0;
  CK_RV rv = functions.C_GetMechanismList(slot, nullptr, &count);
  std::vector<CK_MECHANISM_TYPE> mechanisms(rv == CKR_OK ? count : 0);
  if (rv == CKR_OK) rv = functions.C_GetMechanismList(slot, mechanisms.data(), &count);
  if (rv != CKR_OK) return fail_pkcs11(rv, "C_GetMechanismList", fmt::format("of slot {} of {}", slot, path));
  mechanisms.resize(std::min<std::size_t>(count, mechanisms.size()));
  return mechanisms;
}

bool signs_with(const CK_FUNCTION_LIST& functions, CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism) {
  CK_MECHANISM_INFO info{};
  return functions.C_GetMechanismInfo(slot, mechanism, &info) == CKR_OK && (info.flags & CKF_SIGN) != 0;
}

}  // namespace

Result<std::shared_ptr<const Pkcs11Module>> Pkcs11Module::load(const std::string& path, const ModuleOptions& options) {
  SIGNET_TRY(auto mechanisms, signing_mechanisms_from(options.mechanisms));
  SIGNET_TRY(const CK_FUNCTION_LIST* functions, open_library(path));
  std::shared_ptr<Pkcs11Module> module(new Pkcs11Module(path, functions, options));
  module->mechanisms_ = std::move(mechanisms);
  SIGNET_TRY(module->owns_initialisation_, initialise(*functions, path, options));
  return module;
}

Pkcs11Module::~Pkcs11Module() {
  if (owns_initialisation_ && options_.finalize) functions_->C_Finalize(nullptr);
}

/// The token's list is asked besides what it says of each mechanism, because SoftHSM tells of some it does not offer.
Result<std::vector<CK_MECHANISM_TYPE>> Pkcs11Module::mechanisms_of(CK_SLOT_ID slot) const {
  if (!mechanisms_.empty()) return mechanisms_;
  SIGNET_TRY(const auto offered, offered_mechanisms(*functions_, slot, path_));
  std::vector<CK_MECHANISM_TYPE> found;
  for (const CK_MECHANISM_TYPE mechanism : signing_mechanisms()) {
    if (std::ranges::find(offered, mechanism) == offered.end()) continue;
    if (signs_with(*functions_, slot, mechanism)) found.push_back(mechanism);
  }
  return found;
}

std::string Pkcs11Module::describe() const {
  CK_INFO info{};
  if (functions_->C_GetInfo(&info) != CKR_OK) return path_;
  return fmt::format("{}, {}, version {}.{}", printable(unpadded(info.manufacturerID)),
                     printable(unpadded(info.libraryDescription)), info.libraryVersion.major,
                     info.libraryVersion.minor);
}

Result<TokenInfo> Pkcs11Module::token_in(CK_SLOT_ID slot) const {
  CK_TOKEN_INFO info{};
  const CK_RV rv = functions_->C_GetTokenInfo(slot, &info);
  if (rv != CKR_OK) return fail_pkcs11(rv, "C_GetTokenInfo", fmt::format("of slot {} of {}", slot, path_));
  SIGNET_TRY(std::vector<CK_MECHANISM_TYPE> mechanisms, mechanisms_of(slot));
  return TokenInfo{.slot = slot,
                   .label = unpadded(info.label),
                   .manufacturer = unpadded(info.manufacturerID),
                   .model = unpadded(info.model),
                   .serial = unpadded(info.serialNumber),
                   .firmware = fmt::format("{}.{}", info.firmwareVersion.major, info.firmwareVersion.minor),
                   .flags = info.flags,
                   .sessions = session_count(info),
                   .signs_with = std::move(mechanisms)};
}

Result<std::vector<TokenInfo>> Pkcs11Module::tokens() const {
  constexpr CK_ULONG kMaxSlots = 256;
  std::vector<CK_SLOT_ID> slots(kMaxSlots);
  CK_ULONG count = kMaxSlots;
  const CK_RV rv = functions_->C_GetSlotList(CK_TRUE, slots.data(), &count);
  if (rv != CKR_OK) return fail_pkcs11(rv, "C_GetSlotList", fmt::format("of {}", path_));
  slots.resize(std::min(count, kMaxSlots));
  std::vector<TokenInfo> tokens;
  for (const CK_SLOT_ID slot : slots) {
    auto token = token_in(slot);
    // A slot whose token was pulled out meanwhile is as good as empty.
    if (token.has_value() && (token->flags & CKF_TOKEN_INITIALIZED) != 0) tokens.push_back(*std::move(token));
  }
  return tokens;
}

Result<TokenInfo> Pkcs11Module::find_token(const Pkcs11Uri& uri) const {
  SIGNET_TRY(const std::vector<TokenInfo> all, tokens());
  std::vector<TokenInfo> found;
  std::ranges::copy_if(all, std::back_inserter(found), [&](const TokenInfo& token) { return matches(uri, token); });
  if (found.size() == 1) return found.front();
  if (found.empty()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("no token matches {} in {}; {}", uri.text(), path_, describe_tokens(all)), "uri");
  }
  return fail(ErrorCode::kFailedPrecondition,
              fmt::format("{} tokens match {} in {}; {}; add serial= to the URI", found.size(), uri.text(), path_,
                          describe_tokens(found)),
              "uri");
}

Result<TokenInfo> Pkcs11Module::find_token(std::string_view label) const {
  return find_token(Pkcs11Uri{.token = std::string(label)});
}

}  // namespace signet
