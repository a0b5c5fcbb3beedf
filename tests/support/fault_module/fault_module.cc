// SoftHSM behind a PKCS#11 module that goes wrong on demand. What SoftHSM never does (hang, lose its sessions, sign
// wrongly, crash) is asked for in the environment of the process that loads it:
//   SIGNET_FAULT_CALL   C_Initialize, C_OpenSession, C_Login, C_SignInit, C_Sign, C_GenerateKeyPair,
//                       C_SetAttributeValue, C_DestroyObject, or several of them with commas between
//   SIGNET_FAULT_DO     "hang", "crash", "crash-after" (C_Sign: signs first), "slow" (C_Sign, 1.5 s),
//                       "wrong-signature" (C_Sign), "cannot-lock" (C_Initialize: takes one thread only), "derivable"
//                       (C_GenerateKeyPair: makes a key that can derive, whatever was asked for), "stale-handles"
//                       (C_GenerateKeyPair: CKR_DEVICE_ERROR with the handles of the pair before in its results), or a
//                       CKR number such as 0x30, which is returned instead of making the call
//   SIGNET_FAULT_AFTER  how many of these calls go well first; default 0
//   SIGNET_FAULT_TIMES  how many calls go wrong then; default: all
// Read in C_Initialize, from where the calls are counted.
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
  std::string calls;  ///< with a comma before and behind each
  std::string action;
  long after = 0;
  long times = 0;
  std::atomic<long> count{0};
};

Fault& fault() {
  static Fault the_fault;
  return the_fault;
}

void read_fault() {
  fault().calls = "," + variable("SIGNET_FAULT_CALL", "") + ",";
  fault().action = variable("SIGNET_FAULT_DO", "");
  fault().after = std::stol(variable("SIGNET_FAULT_AFTER", "0"));
  fault().times = std::stol(variable("SIGNET_FAULT_TIMES", std::to_string(std::numeric_limits<int>::max()).c_str()));
  fault().count = 0;
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
bool strikes(const std::string& call) {
  if (fault().calls.find("," + call + ",") == std::string::npos) return false;
  const long number = fault().count++;
  return number >= fault().after && number < fault().after + fault().times;
}

void pause_for(const timespec& time) { nanosleep(&time, nullptr); }

/// Hangs, crashes or says what to return.
CK_RV misbehave() {
  if (fault().action == "crash") abort();
  while (fault().action == "hang") pause_for({3600, 0});
  return std::stoul(fault().action, nullptr, 0);
}

CK_RV initialize(void* arguments) {
  read_fault();
  const bool struck = strikes("C_Initialize");
  if (struck && fault().action == "cannot-lock") {
    return arguments == nullptr ? real()->C_Initialize(nullptr) : CKR_CANT_LOCK;
  }
  return struck ? misbehave() : real()->C_Initialize(arguments);
}

CK_RV open_session(CK_SLOT_ID slot, CK_FLAGS flags, void* application, CK_NOTIFY notify, CK_SESSION_HANDLE* session) {
  return strikes("C_OpenSession") ? misbehave() : real()->C_OpenSession(slot, flags, application, notify, session);
}

CK_RV login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char* pin, CK_ULONG size) {
  return strikes("C_Login") ? misbehave() : real()->C_Login(session, user, pin, size);
}

CK_RV sign_init(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  return strikes("C_SignInit") ? misbehave() : real()->C_SignInit(session, mechanism, key);
}

CK_RV sign(CK_SESSION_HANDLE session, unsigned char* data, CK_ULONG size, unsigned char* signature,
           CK_ULONG* signature_size) {
  const bool struck = strikes("C_Sign");
  const bool spoils = fault().action == "wrong-signature";
  const bool signs_first = fault().action == "crash-after";
  if (struck && fault().action == "slow") {
    pause_for({1, 500'000'000});
  } else if (struck && !spoils && !signs_first) {
    return misbehave();
  }
  const CK_RV rv = real()->C_Sign(session, data, size, signature, signature_size);
  if (struck && signs_first) abort();
  if (struck && spoils && rv == CKR_OK) signature[*signature_size - 1] ^= 1U;
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
  if (strikes("C_GenerateKeyPair")) {
    if (fault().action == "stale-handles") {
      *public_key = last_public;
      *private_key = last_private;
      return CKR_DEVICE_ERROR;
    }
    if (fault().action != "derivable") return misbehave();
    make_derivable(for_private, private_size);
  }
  const CK_RV rv = real()->C_GenerateKeyPair(session, mechanism, for_public, public_size, for_private, private_size,
                                             public_key, private_key);
  last_public = *public_key;
  last_private = *private_key;
  return rv;
}

CK_RV set_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE* attributes, CK_ULONG size) {
  return strikes("C_SetAttributeValue") ? misbehave() : real()->C_SetAttributeValue(session, object, attributes, size);
}

CK_RV destroy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object) {
  return strikes("C_DestroyObject") ? misbehave() : real()->C_DestroyObject(session, object);
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  static CK_FUNCTION_LIST functions = [] {
    CK_FUNCTION_LIST copy = *real();
    copy.C_Initialize = initialize;
    copy.C_OpenSession = open_session;
    copy.C_Login = login;
    copy.C_SignInit = sign_init;
    copy.C_Sign = sign;
    copy.C_GenerateKeyPair = generate_key_pair;
    copy.C_SetAttributeValue = set_attribute_value;
    copy.C_DestroyObject = destroy_object;
    return copy;
  }();
  *list = &functions;
  return CKR_OK;
}
