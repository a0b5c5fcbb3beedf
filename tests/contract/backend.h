// A token backend as the contract sees it: an empty token of its own, found and opened the way an HSM profile says.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "token/pkcs11_module.h"
#include "x509/algorithm.h"

namespace signet::test {

/// Makes an empty token in a folder of its own, and removes it at the end. Throws std::runtime_error where it cannot.
class Backend {
 public:
  Backend() = default;
  virtual ~Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  /// A file name in hsm-profiles/.
  [[nodiscard]] virtual std::string profile() const = 0;
  /// As [token.*] environment has it.
  [[nodiscard]] virtual std::map<std::string, std::string> environment() const = 0;
  /// What is left to do once the module is loaded; afterwards the token has label() and pin().
  virtual void initialise(const Pkcs11Module& /*module*/) const {}
  [[nodiscard]] virtual std::vector<KeyType> key_types() const = 0;

  [[nodiscard]] static std::string label() { return "signet-test"; }
  [[nodiscard]] static std::string pin() { return "test-pin-1234"; }
};

struct NamedBackend {
  const char* name;
  std::unique_ptr<Backend> (*make)();
};

/// Every backend of this project that its tests can drive.
[[nodiscard]] std::vector<NamedBackend> backends();

}  // namespace signet::test
