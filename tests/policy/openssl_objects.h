// Requests and certificates for tests, made by stock OpenSSL.
#pragma once

#include <string>

#include "x509/certificate.h"
#include "x509/csr.h"

namespace signet::test {

/// `subject` as `openssl req -subj` takes it ("/CN=a"), `alt_names` as subjectAltName takes them ("DNS:a"); "" = none.
[[nodiscard]] Csr make_csr(const std::string& subject, const std::string& alt_names,
                           const std::string& new_key = "ec -pkeyopt ec_paramgen_curve:P-256");
/// Self-signed.
[[nodiscard]] Certificate make_certificate(const std::string& alt_names);

}  // namespace signet::test
