// Object identifiers as the contents of their DER, which is how the view keeps them: comparing costs no text.
#pragma once

#include <string_view>

namespace signet::lint {

/// The contents octets of an OBJECT IDENTIFIER.
using Oid = std::string_view;

namespace oid {

using namespace std::string_view_literals;

// Attributes of names: 2.5.4.*, PKCS #9, RFC 4519.
inline constexpr Oid kCommonName = "\x55\x04\x03"sv;
inline constexpr Oid kSurname = "\x55\x04\x04"sv;
inline constexpr Oid kSerialNumber = "\x55\x04\x05"sv;
inline constexpr Oid kCountry = "\x55\x04\x06"sv;
inline constexpr Oid kLocality = "\x55\x04\x07"sv;
inline constexpr Oid kState = "\x55\x04\x08"sv;
inline constexpr Oid kStreet = "\x55\x04\x09"sv;
inline constexpr Oid kOrganization = "\x55\x04\x0A"sv;
inline constexpr Oid kOrganizationalUnit = "\x55\x04\x0B"sv;
inline constexpr Oid kTitle = "\x55\x04\x0C"sv;
inline constexpr Oid kBusinessCategory = "\x55\x04\x0F"sv;
inline constexpr Oid kPostalCode = "\x55\x04\x11"sv;
inline constexpr Oid kGivenName = "\x55\x04\x2A"sv;
inline constexpr Oid kDnQualifier = "\x55\x04\x2E"sv;
inline constexpr Oid kPseudonym = "\x55\x04\x41"sv;
inline constexpr Oid kOrganizationIdentifier = "\x55\x04\x61"sv;
inline constexpr Oid kEmailAddress = "\x2A\x86\x48\x86\xF7\x0D\x01\x09\x01"sv;         // 1.2.840.113549.1.9.1
inline constexpr Oid kDomainComponent = "\x09\x92\x26\x89\x93\xF2\x2C\x64\x01\x19"sv;  // 0.9.2342.19200300.100.1.25
inline constexpr Oid kJurisdictionLocality =
    "\x2B\x06\x01\x04\x01\x82\x37\x3C\x02\x01\x01"sv;  // 1.3.6.1.4.1.311.60.2.1.1
inline constexpr Oid kJurisdictionState = "\x2B\x06\x01\x04\x01\x82\x37\x3C\x02\x01\x02"sv;
inline constexpr Oid kJurisdictionCountry = "\x2B\x06\x01\x04\x01\x82\x37\x3C\x02\x01\x03"sv;

// Extensions: 2.5.29.* and id-pe.
inline constexpr Oid kSubjectDirectoryAttributes = "\x55\x1D\x09"sv;
inline constexpr Oid kSubjectKeyIdentifier = "\x55\x1D\x0E"sv;
inline constexpr Oid kKeyUsage = "\x55\x1D\x0F"sv;
inline constexpr Oid kSubjectAltName = "\x55\x1D\x11"sv;
inline constexpr Oid kIssuerAltName = "\x55\x1D\x12"sv;
inline constexpr Oid kBasicConstraints = "\x55\x1D\x13"sv;
inline constexpr Oid kNameConstraints = "\x55\x1D\x1E"sv;
inline constexpr Oid kCrlDistributionPoints = "\x55\x1D\x1F"sv;
inline constexpr Oid kCertificatePolicies = "\x55\x1D\x20"sv;
inline constexpr Oid kPolicyMappings = "\x55\x1D\x21"sv;
inline constexpr Oid kAuthorityKeyIdentifier = "\x55\x1D\x23"sv;
inline constexpr Oid kPolicyConstraints = "\x55\x1D\x24"sv;
inline constexpr Oid kExtendedKeyUsage = "\x55\x1D\x25"sv;
inline constexpr Oid kFreshestCrl = "\x55\x1D\x2E"sv;
inline constexpr Oid kInhibitAnyPolicy = "\x55\x1D\x36"sv;
inline constexpr Oid kAuthorityInfoAccess = "\x2B\x06\x01\x05\x05\x07\x01\x01"sv;
inline constexpr Oid kSubjectInfoAccess = "\x2B\x06\x01\x05\x05\x07\x01\x0B"sv;
inline constexpr Oid kTlsFeature = "\x2B\x06\x01\x05\x05\x07\x01\x18"sv;                    // RFC 7633
inline constexpr Oid kOcspNoCheck = "\x2B\x06\x01\x05\x05\x07\x30\x01\x05"sv;               // RFC 6960
inline constexpr Oid kSctList = "\x2B\x06\x01\x04\x01\xD6\x79\x02\x04\x02"sv;               // RFC 6962
inline constexpr Oid kPrecertificatePoison = "\x2B\x06\x01\x04\x01\xD6\x79\x02\x04\x03"sv;  // RFC 6962

// Extended key usages: id-kp, and 2.5.29.37.0.
inline constexpr Oid kServerAuth = "\x2B\x06\x01\x05\x05\x07\x03\x01"sv;
inline constexpr Oid kClientAuth = "\x2B\x06\x01\x05\x05\x07\x03\x02"sv;
inline constexpr Oid kCodeSigning = "\x2B\x06\x01\x05\x05\x07\x03\x03"sv;
inline constexpr Oid kEmailProtection = "\x2B\x06\x01\x05\x05\x07\x03\x04"sv;
inline constexpr Oid kTimeStamping = "\x2B\x06\x01\x05\x05\x07\x03\x08"sv;
inline constexpr Oid kOcspSigning = "\x2B\x06\x01\x05\x05\x07\x03\x09"sv;
inline constexpr Oid kAnyExtendedKeyUsage = "\x55\x1D\x25\x00"sv;

// Access methods, policies.
inline constexpr Oid kOcsp = "\x2B\x06\x01\x05\x05\x07\x30\x01"sv;
inline constexpr Oid kCaIssuers = "\x2B\x06\x01\x05\x05\x07\x30\x02"sv;
inline constexpr Oid kAnyPolicy = "\x55\x1D\x20\x00"sv;
inline constexpr Oid kExtendedValidation = "\x67\x81\x0C\x01\x01"sv;   // 2.23.140.1.1
inline constexpr Oid kDomainValidated = "\x67\x81\x0C\x01\x02\x01"sv;  // 2.23.140.1.2.1
inline constexpr Oid kOrganizationValidated = "\x67\x81\x0C\x01\x02\x02"sv;
inline constexpr Oid kIndividualValidated = "\x67\x81\x0C\x01\x02\x03"sv;

// Keys and curves.
inline constexpr Oid kRsaEncryption = "\x2A\x86\x48\x86\xF7\x0D\x01\x01\x01"sv;
inline constexpr Oid kEcPublicKey = "\x2A\x86\x48\xCE\x3D\x02\x01"sv;
inline constexpr Oid kX25519 = "\x2B\x65\x6E"sv;
inline constexpr Oid kX448 = "\x2B\x65\x6F"sv;
inline constexpr Oid kEd25519 = "\x2B\x65\x70"sv;
inline constexpr Oid kEd448 = "\x2B\x65\x71"sv;
inline constexpr Oid kP256 = "\x2A\x86\x48\xCE\x3D\x03\x01\x07"sv;
inline constexpr Oid kP384 = "\x2B\x81\x04\x00\x22"sv;
inline constexpr Oid kP521 = "\x2B\x81\x04\x00\x23"sv;

// Signature algorithms.
inline constexpr Oid kRsaPss = "\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0A"sv;
inline constexpr Oid kRsaMd2 = "\x2A\x86\x48\x86\xF7\x0D\x01\x01\x02"sv;
inline constexpr Oid kRsaMd5 = "\x2A\x86\x48\x86\xF7\x0D\x01\x01\x04"sv;
inline constexpr Oid kRsaSha1 = "\x2A\x86\x48\x86\xF7\x0D\x01\x01\x05"sv;
inline constexpr Oid kRsaSha256 = "\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0B"sv;
inline constexpr Oid kRsaSha384 = "\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0C"sv;
inline constexpr Oid kRsaSha512 = "\x2A\x86\x48\x86\xF7\x0D\x01\x01\x0D"sv;
inline constexpr Oid kDsaSha1 = "\x2A\x86\x48\xCE\x38\x04\x03"sv;
inline constexpr Oid kEcdsaSha1 = "\x2A\x86\x48\xCE\x3D\x04\x01"sv;
inline constexpr Oid kEcdsaSha256 = "\x2A\x86\x48\xCE\x3D\x04\x03\x02"sv;
inline constexpr Oid kEcdsaSha384 = "\x2A\x86\x48\xCE\x3D\x04\x03\x03"sv;
inline constexpr Oid kEcdsaSha512 = "\x2A\x86\x48\xCE\x3D\x04\x03\x04"sv;

}  // namespace oid
}  // namespace signet::lint
