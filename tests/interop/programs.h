// Other people's programs, and whether they accept a certificate for what it is for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support/temp_directory.h"

namespace signet::test {

enum class Use { kTlsServer, kTlsClient, kCodeSigning, kOcspAnswers };
[[nodiscard]] std::string name_of(Use use);

/// A certificate in files, as its holder has it.
struct Holder {
  std::string certificate;  ///< PEM
  std::string chain;        ///< the certificate and the CAs above it without the root, PEM
  std::string key;
  std::string host = "-";  ///< the name under which it is asked for as a TLS server; "-" for none
};

/// What the programs are told.
struct Hierarchy {
  std::string root;
  std::string issuing;
  std::vector<std::string> others = {};  ///< CAs between issuing CA and holder
  Holder server;                         ///< that TLS clients show their certificates to, and about which OCSP answers
};

inline constexpr const char* kAccepted = "yes";
inline constexpr const char* kHasNoSuchUse = "-";
inline constexpr const char* kPathOnly = "path";

/// One program. Nothing of what it does outlives it but files in its folder.
class Program {
 public:
  /// `hierarchy` outlives it.
  Program(const Hierarchy& hierarchy, const TempDirectory& folder) : hierarchy_(hierarchy), folder_(folder) {}
  virtual ~Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual std::string version() const = 0;
  /// kAccepted; kHasNoSuchUse; kPathOnly where it accepts the path but knows nothing of the use; otherwise its words.
  [[nodiscard]] virtual std::string judge(const Holder& holder, Use use) = 0;

 protected:
  [[nodiscard]] const Hierarchy& hierarchy() const noexcept { return hierarchy_; }
  [[nodiscard]] const TempDirectory& folder() const noexcept { return folder_; }
  /// The root, the issuing CA and others in one file of this name.
  [[nodiscard]] std::string intermediates() const;

 private:
  const Hierarchy& hierarchy_;
  const TempDirectory& folder_;
};

/// All of them, in the order of the table.
[[nodiscard]] std::vector<std::unique_ptr<Program>> all_programs(const Hierarchy& hierarchy,
                                                                 const TempDirectory& folder);

}  // namespace signet::test
