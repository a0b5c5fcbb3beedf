#include "openssl_objects.h"

#include <stdexcept>

#include "base/file.h"
#include "support/temp_directory.h"

namespace signet::test {

namespace {

template <class T>
T value_of(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

/// DER from `openssl req` with a new key.
Bytes make(const std::string& subject, const std::string& alt_names, const std::string& new_key,
           const std::string& more) {
  const TempDirectory directory;
  const std::string names = alt_names.empty() ? "" : " -addext 'subjectAltName=" + alt_names + "'";
  const std::string command = "openssl req -new -newkey " + new_key + " -nodes -keyout " + (directory / "key") +
                              " -subj '" + subject + "'" + names + " -outform DER -out " + (directory / "out") + more +
                              " 2>" + (directory / "log");
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
  return value_of(read_file(directory / "out", 64 * 1024, FileTrust::kAnyone, "out"));
}

}  // namespace

Csr make_csr(const std::string& subject, const std::string& alt_names, const std::string& new_key) {
  return value_of(Csr::parse(make(subject, alt_names, new_key, "")));
}

Certificate make_certificate(const std::string& alt_names) {
  return value_of(
      Certificate::parse(make("/O=Test", alt_names, "ec -pkeyopt ec_paramgen_curve:P-256", " -x509 -days 2")));
}

}  // namespace signet::test
