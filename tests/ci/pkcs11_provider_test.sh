#!/usr/bin/env bash
# Stock openssl signs with a key on a SoftHSM token through pkcs11-provider: what ci/install-deps brings works together.
# The `default` provider stands before `pkcs11`, or start-up hangs; no-deinit, or openssl crashes when it leaves.
. "$(dirname "$0")/helpers.sh"

mkdir "$work/tokens"
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$work/tokens" >"$work/softhsm2.conf"
export SOFTHSM2_CONF=$work/softhsm2.conf
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/key.pem"
openssl pkey -in "$work/key.pem" -pubout -out "$work/public.pem"
softhsm2-util --init-token --free --label glass --pin 4711 --so-pin 12345678
softhsm2-util --import "$work/key.pem" --token glass --label key-1 --id 01 --pin 4711
rm "$work/key.pem"

cat >"$work/openssl.cnf" <<CONF
openssl_conf = init
[init]
providers = providers
[providers]
default = default_provider
pkcs11 = pkcs11_provider
[default_provider]
activate = 1
[pkcs11_provider]
pkcs11-module-path = /usr/lib/softhsm/libsofthsm2.so
pkcs11-module-quirks = no-deinit
activate = 1
CONF
printf 'signed on the token' >"$work/message"
sign() {
  OPENSSL_CONF=$work/openssl.cnf timeout 60 openssl pkeyutl -sign -rawin -digest sha256 -in "$work/message" \
    -out "$work/signature" -inkey "pkcs11:token=glass;object=key-1;type=private?pin-value=$1"
}
sign 4711 || fail "openssl could not sign through pkcs11-provider"
openssl dgst -sha256 -verify "$work/public.pem" -signature "$work/signature" "$work/message" || fail "the signature is wrong"
if sign 0815 2>"$work/refusal"; then fail "openssl signed with a wrong PIN"; fi
