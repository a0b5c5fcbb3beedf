// Owners of the OpenSSL objects that x509 uses beyond those of base. Internal to x509.
#pragma once

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/params.h>

#include "base/openssl_ptr.h"

namespace signet {

using BignumPtr = std::unique_ptr<BIGNUM, Freer<&BN_free>>;
using BignumContextPtr = std::unique_ptr<BN_CTX, Freer<&BN_CTX_free>>;
using EvpMdCtxPtr = MdCtxPtr;
using EvpMdPtr = std::unique_ptr<EVP_MD, Freer<&EVP_MD_free>>;
using EvpPkeyCtxPtr = std::unique_ptr<EVP_PKEY_CTX, Freer<&EVP_PKEY_CTX_free>>;
using EvpPkeyPtr = PkeyPtr;
using ParamBuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, Freer<&OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, Freer<&OSSL_PARAM_free>>;

}  // namespace signet
