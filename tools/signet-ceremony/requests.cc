#include "requests.h"

#include <fmt/format.h>

#include <map>

#include "base/file.h"
#include "problems.h"
#include "x509/certificate.h"

namespace signet::ceremony {

namespace {

constexpr std::size_t kLargestRequest = 64 * 1024;

Result<Bytes> der_of(ByteView file) {
  if (text_of(file).find("-----BEGIN ") == std::string_view::npos) return copy_of(file);
  SIGNET_TRY(const std::vector<Bytes> blocks, decode_pem(text_of(file), "CERTIFICATE REQUEST"));
  if (blocks.size() == 1) return blocks.front();
  return fail(ErrorCode::kInvalidArgument, fmt::format("the file holds {} requests; expected one", blocks.size()));
}

}  // namespace

Result<Csr> load_request(const std::string& path) {
  SIGNET_TRY(const Bytes file, read_file(path, kLargestRequest, FileTrust::kAnyone, "csr"));
  SIGNET_TRY(const Bytes der, der_of(file));
  SIGNET_TRY(Csr csr, Csr::parse(der));
  SIGNET_CHECK(csr.verify_possession());
  return csr;
}

Result<std::vector<Csr>> load_requests(const std::vector<EndEntityPlan>& end_entities) {
  std::vector<Csr> requests;
  std::map<Sha256, std::string> owners;  // by key
  Problems problems;
  for (const EndEntityPlan& entity : end_entities) {
    const std::string about = fmt::format("end entity \"{}\": {}", printable(entity.name), printable(entity.csr));
    Result<Csr> csr = load_request(entity.csr);
    if (!problems.keep(about, csr)) continue;
    const auto [other, is_new] = owners.emplace(csr->public_key().spki_sha256(), entity.name);
    if (!is_new) {
      problems.keep(
          about,
          Result<void>(fail(ErrorCode::kInvalidArgument,
                            fmt::format("has the same key as \"{}\"; each needs its own", printable(other->second)))));
    }
    requests.push_back(*std::move(csr));
  }
  SIGNET_CHECK(problems.result());
  return requests;
}

}  // namespace signet::ceremony
