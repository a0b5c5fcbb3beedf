// SoftHSM behind a PKCS#11 module that goes wrong on demand. What SoftHSM never does (hang, lose its sessions, sign
// wrongly, crash) is asked for in the environment of the process that loads it:
//   SIGNET_FAULT_CALL   C_Initialize, C_OpenSession, C_SignInit or C_Sign
//   SIGNET_FAULT_DO     "hang", "crash", "slow" (C_Sign, 1.5 s), "wrong-signature" (C_Sign) or a CKR number such as
//   0x30, which is returned instead
//                       of making the call
//   SIGNET_FAULT_AFTER  how many calls go well first; default 0
//   SIGNET_FAULT_TIMES  how many calls go wrong then; default: all
#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <time.h>

#include <atomic>
#include <cstdlib>
#include <limits>
#include <string>

namespace {

constexpr const char* kRealModule = "/usr/lib/softhsm/libsofthsm2.so";

std::string variable(const char* name, const char* fallback) {
  const char* value = getenv(name);
  return value == nullptr ? fallback : value;
}

struct Fault {
  std::string call = variable("SIGNET_FAULT_CALL", "");
  std::string action = variable("SIGNET_FAULT_DO", "");
  long after = std::stol(variable("SIGNET_FAULT_AFTER", "0"));
  long times = std::stol(variable("SIGNET_FAULT_TIMES", std::to_string(std::numeric_limits<int>::max()).c_str()));
  std::atomic<long> calls{0};
};

Fault& fault() {
  static Fault the_fault;
  return the_fault;
}

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

/// Whether this call is one of those that go wrong.
bool strikes(const char* call) {
  if (fault().call != call) return false;
  const long number = fault().calls++;
  return number >= fault().after && number < fault().after + fault().times;
}

void pause_for(const timespec& time) { nanosleep(&time, nullptr); }

/// Hangs, crashes or says what to return.
CK_RV misbehave() {
  if (fault().action == "crash") abort();
  while (fault().action == "hang") pause_for({3600, 0});
  return std::stoul(fault().action, nullptr, 0);
}

CK_RV initialize(void* arguments) { return strikes("C_Initialize") ? misbehave() : real()->C_Initialize(arguments); }

CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void* application, CK_NOTIFY notify, CK_SESSION_HANDLE* session) {
  return strikes("C_OpenSession") ? misbehave() : real()->C_OpenSession(slot, flags, application, notify, session);
}

CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  return strikes("C_SignInit") ? misbehave() : real()->C_SignInit(session, mechanism, key);
}

CK_RV sign(CK_SESSION_HANDLE session, unsigned char* data, CK_ULONG size, unsigned char* signature,
           CK_ULONG* signature_size) {
  const bool struck = strikes("C_Sign");
  const bool spoils = fault().action == "wrong-signature";
  if (struck && fault().action == "slow") {
    pause_for({1, 500'000'000});
  } else if (struck && !spoils) {
    return misbehave();
  }
  const CK_RV rv = real()->C_Sign(session, data, size, signature, signature_size);
  if (struck && spoils && rv == CKR_OK) signature[*signature_size - 1] ^= 1U;
  return rv;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  static CK_FUNCTION_LIST functions = [] {
    CK_FUNCTION_LIST copy = *real();
    copy.C_Initialize = initialize;
    copy.C_OpenSession = open_session;
    copy.C_SignInit = sign_init;
    copy.C_Sign = sign;
    return copy;
  }();
  *list = &functions;
  return CKR_OK;
}
