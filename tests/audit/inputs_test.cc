#include "audit/inputs.h"

#include <gtest/gtest.h>

#include "log_folder.h"
#include "x509/der.h"

namespace signet::audit {
namespace {

TEST(AuditInputs, ACertificateWithACriticalExtensionOfTheOperatorsOwnIsTaken) {
  const signet::test::TempDirectory folder;
  TbsFields fields = test::Authority::get().certificate.fields();
  fields.extra_extensions = {{.oid = "1.2.3", .critical = true, .value = der::null()}};
  const CertificateDer der =
      assemble_certificate(encode_tbs(fields), fields.algorithm, SignatureValue(Bytes(70, 0x30)));
  const auto certificate = load_certificate(folder.write("own.pem", encode_pem("CERTIFICATE", der.view())));
  ASSERT_TRUE(certificate.has_value()) << certificate.error().message;
  EXPECT_EQ(certificate->fields().extra_extensions.front().oid, "1.2.3");
  EXPECT_FALSE(load_issuers({folder / "own.pem"}).has_value()) << "what is relied on";
}

}  // namespace
}  // namespace signet::audit
