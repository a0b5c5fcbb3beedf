// SoftHSM behind a PKCS#11 module that goes wrong on demand: it does what SoftHSM never does (hangs, loses its
// sessions, signs wrongly, disappears, locks the PIN, crashes).
//
// What is to go wrong is a text of one rule a line, in the control file that SIGNET_FAULT_CONTROL names (page.h;
// tests/fault/token_faults.h writes it). It is read again whenever it changes, at the next call:
//
//   CALLS ACTION [after N] [times N]    CALLS are names with commas between (C_Sign,C_SignInit), or * for all; the
//   first
//                                       N go well, and then N go wrong (default: all), counted since the text is there
//     latency 10ms | 2s                 the call takes so long, and is made
//     return 0x30                       is not made, and answers this
//     hang                              never returns
//     stall                             returns when no rule says so any more, and is made then
//     crash, crash-after                ends the process; the second one (of C_Sign) when the token has signed
//     corrupt                           C_Sign: one bit of the signature is another
//     cannot-lock                       C_Initialize: takes one thread only
//     derivable                         C_GenerateKeyPair: the key can derive, whatever was asked for
//     stale-handles                     C_GenerateKeyPair: CKR_DEVICE_ERROR, with the pair before in its results
//     refuse-pss                        C_SignInit: CKR_MECHANISM_PARAM_INVALID to RSASSA-PSS, which the token lists
//   sessions N                          C_OpenSession answers CKR_SESSION_COUNT when N are open
//   drop-sessions                       those that are open when the text comes are lost, and with them the login
//   gone [0x32]                         the token is not there; what is open answers this
//   pin-locked                          C_Login answers CKR_PIN_LOCKED, and the token's flags say so
//
// Without a control file one rule can come from the environment: SIGNET_FAULT_CALL (the calls), SIGNET_FAULT_DO (the
// action; "slow" is a latency of 1.5 s, "wrong-signature" is corrupt, a number stands for return), SIGNET_FAULT_AFTER,
// SIGNET_FAULT_TIMES. Both are looked for in C_Initialize.
//
// The page of the control file also says what the token signed: not what it was asked for, but what it did.
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <thread>

#include "fault_module/control.h"

namespace {

using signet::test::FaultModuleControl;
using signet::test::SignedRecord;
using signet::test::Struck;

constexpr const char* kRealModule = "/usr/lib/softhsm/libsofthsm2.so";

FaultModuleControl& control() {
  static auto* the_control = new FaultModuleControl();  // threads outlive the end of main
  return *the_control;
}

std::atomic<CK_ULONG> open_sessions{0};

CK_FUNCTION_LIST* real() {
  static CK_FUNCTION_LIST* functions = [] {
    void* library = dlopen(kRealModule, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) abort();
    CK_FUNCTION_LIST* list = nullptr;
    reinterpret_cast<CK_C_GetFunctionList>(dlsym(library, "C_GetFunctionList"))(&list);
    return list;
  }();
  return functions;
}

void lose_sessions() {
  std::array<CK_SLOT_ID, 64> slots{};
  CK_ULONG count = slots.size();
  if (real()->C_GetSlotList(CK_FALSE, slots.data(), &count) != CKR_OK) return;
  for (CK_ULONG i = 0; i < count; ++i) real()->C_CloseAllSessions(slots.at(i));
  open_sessions = 0;
}

void stall_in(const std::string& call) {
  const auto still = [&] {
    const auto plan = control().plan();
    return std::ranges::any_of(plan->rules,
                               [&](const auto& rule) { return rule.action == "stall" && rule.is_about(call); });
  };
  while (still()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
}

/// What every call meets first. An answer stands in for the call; `struck` is for the call itself to do.
std::optional<CK_RV> go_wrong(const std::string& call, Struck& struck) {
  if (control().has_dropped_sessions()) lose_sessions();
  std::chrono::milliseconds latency{0};
  struck = control().meet(call, latency);
  if (latency.count() > 0) std::this_thread::sleep_for(latency);
  if (struck.action == "crash") abort();
  while (struck.action == "hang") std::this_thread::sleep_for(std::chrono::hours(1));
  if (struck.action == "stall") stall_in(call);
  if (struck.action == "return") return std::stoul(struck.argument, nullptr, 0);
  return std::nullopt;
}

/// What sessions answer while the token is not there.
std::optional<CK_RV> if_gone() { return control().plan()->gone; }

template <auto Member, const char* Name, class Function>
struct Forward;

/// A call that does nothing of its own.
template <auto Member, const char* Name, class... Arguments>
struct Forward<Member, Name, CK_RV (*)(Arguments...)> {
  static CK_RV call(Arguments... arguments) {
    Struck struck;
    if (const auto answer = go_wrong(Name, struck)) return *answer;
    if (const auto answer = if_gone()) return *answer;
    return (real()->*Member)(arguments...);
  }
};

CK_RV initialize(void* arguments) {
  control().open();
  Struck struck;
  if (const auto answer = go_wrong("C_Initialize", struck)) return *answer;
  const auto* const given = static_cast<const CK_C_INITIALIZE_ARGS*>(arguments);
  const bool wants_locks = given != nullptr && (given->flags & CKF_OS_LOCKING_OK) != 0;
  if (struck.action == "cannot-lock" && wants_locks) return CKR_CANT_LOCK;
  return real()->C_Initialize(arguments);
}

CK_RV get_slot_list(CK_BBOOL with_token, CK_SLOT_ID* slots, CK_ULONG* count) {
  Struck struck;
  if (const auto answer = go_wrong("C_GetSlotList", struck)) return *answer;
  if (with_token == CK_FALSE || !if_gone()) return real()->C_GetSlotList(with_token, slots, count);
  *count = 0;
  return CKR_OK;
}

CK_RV get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO* info) {
  Struck struck;
  if (const auto answer = go_wrong("C_GetTokenInfo", struck)) return *answer;
  if (if_gone()) return CKR_TOKEN_NOT_PRESENT;
  const CK_RV rv = real()->C_GetTokenInfo(slot, info);
  if (rv == CKR_OK && control().plan()->pin_locked) info->flags |= CKF_USER_PIN_LOCKED;
  return rv;
}

CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void* application, CK_NOTIFY notify, CK_SESSION_HANDLE* session) {
  Struck struck;
  if (const auto answer = go_wrong("C_OpenSession", struck)) return *answer;
  if (if_gone()) return CKR_TOKEN_NOT_PRESENT;
  const auto most = control().plan()->sessions;
  if (++open_sessions > most.value_or(~CK_ULONG{0})) {
    --open_sessions;
    return CKR_SESSION_COUNT;
  }
  const CK_RV rv = real()->C_OpenSession(slot, flags, application, notify, session);
  if (rv != CKR_OK) --open_sessions;
  return rv;
}

CK_RV close_session(CK_SESSION_HANDLE session) {
  Struck struck;
  if (const auto answer = go_wrong("C_CloseSession", struck)) return *answer;
  const CK_RV rv = real()->C_CloseSession(session);
  if (rv == CKR_OK) --open_sessions;
  return rv;
}

CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char* pin, CK_ULONG size) {
  Struck struck;
  if (const auto answer = go_wrong("C_Login", struck)) return *answer;
  if (const auto answer = if_gone()) return *answer;
  ++control().page().logins;
  return control().plan()->pin_locked ? CKR_PIN_LOCKED : real()->C_Login(session, user, pin, size);
}

void record(const unsigned char* data, CK_ULONG size) {
  auto& page = control().page();
  const std::uint64_t number = page.signatures++;
  if (number >= page.records.size()) return;
  SignedRecord& made = page.records.at(number);
  std::copy_n(data, std::min<CK_ULONG>(size, made.data.size()), made.data.begin());
  made.data_bytes = static_cast<std::uint32_t>(size);
}

bool is_pss(CK_MECHANISM_TYPE type) {
  return type == CKM_RSA_PKCS_PSS || type == CKM_SHA256_RSA_PKCS_PSS || type == CKM_SHA384_RSA_PKCS_PSS ||
         type == CKM_SHA512_RSA_PKCS_PSS;
}

CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  Struck struck;
  if (const auto answer = go_wrong("C_SignInit", struck)) return *answer;
  if (const auto answer = if_gone()) return *answer;
  if (struck.action == "refuse-pss" && is_pss(mechanism->mechanism)) return CKR_MECHANISM_PARAM_INVALID;
  return real()->C_SignInit(session, mechanism, key);
}

CK_RV sign(CK_SESSION_HANDLE session, unsigned char* data, CK_ULONG size, unsigned char* signature,
           CK_ULONG* signature_size) {
  Struck struck;
  if (const auto answer = go_wrong("C_Sign", struck)) return *answer;
  if (const auto answer = if_gone()) return *answer;
  const CK_RV rv = real()->C_Sign(session, data, size, signature, signature_size);
  if (rv == CKR_OK && signature != nullptr) record(data, size);
  if (struck.action == "crash-after") abort();
  if (struck.action == "corrupt" && rv == CKR_OK) signature[*signature_size - 1] ^= 1U;
  return rv;
}

void make_derivable(CK_ATTRIBUTE* attributes, CK_ULONG size) {
  for (CK_ULONG i = 0; i < size; ++i) {
    if (attributes[i].type == CKA_DERIVE) *static_cast<CK_BBOOL*>(attributes[i].pValue) = CK_TRUE;
  }
}

CK_RV generate_key_pair(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_ATTRIBUTE* for_public,
                        CK_ULONG public_size, CK_ATTRIBUTE* for_private, CK_ULONG private_size,
                        CK_OBJECT_HANDLE* public_key, CK_OBJECT_HANDLE* private_key) {
  static CK_OBJECT_HANDLE last_public = 0;
  static CK_OBJECT_HANDLE last_private = 0;
  Struck struck;
  if (const auto answer = go_wrong("C_GenerateKeyPair", struck)) return *answer;
  if (struck.action == "stale-handles") {
    *public_key = last_public;
    *private_key = last_private;
    return CKR_DEVICE_ERROR;
  }
  if (struck.action == "derivable") make_derivable(for_private, private_size);
  const CK_RV rv = real()->C_GenerateKeyPair(session, mechanism, for_public, public_size, for_private, private_size,
                                             public_key, private_key);
  last_public = *public_key;
  last_private = *private_key;
  return rv;
}

#define FORWARD(list, name)                       \
  static constexpr char name_of_##name[] = #name; \
  (list).name = Forward<&CK_FUNCTION_LIST::name, name_of_##name, decltype(CK_FUNCTION_LIST::name)>::call

CK_FUNCTION_LIST make_list() {
  CK_FUNCTION_LIST list = *real();
  FORWARD(list, C_GetSessionInfo);
  FORWARD(list, C_GetMechanismList);
  FORWARD(list, C_GetMechanismInfo);
  FORWARD(list, C_FindObjectsInit);
  FORWARD(list, C_FindObjects);
  FORWARD(list, C_FindObjectsFinal);
  FORWARD(list, C_GetAttributeValue);
  FORWARD(list, C_SetAttributeValue);
  FORWARD(list, C_DestroyObject);
  list.C_Initialize = initialize;
  list.C_GetSlotList = get_slot_list;
  list.C_GetTokenInfo = get_token_info;
  list.C_OpenSession = open_session;
  list.C_CloseSession = close_session;
  list.C_Login = login;
  list.C_SignInit = sign_init;
  list.C_Sign = sign;
  list.C_GenerateKeyPair = generate_key_pair;
  return list;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  static CK_FUNCTION_LIST functions = make_list();
  *list = &functions;
  return CKR_OK;
}
