#!/usr/bin/env bash
# The entry for the backports suite is the machine's own entry with the suite changed, whatever form that has.
. "$(dirname "$0")/helpers.sh"
tool=$SIGNET_SOURCE_DIR/ci/backports-source

cat >"$work/debian.sources" <<'SOURCES'
Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.example/debian
Suites: bookworm
Components: main

# a comment
Types: deb
URIs: http://mirror.example/debian
# another
Suites: bookworm
 bookworm-updates
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----
SOURCES
expect "deb822" "$("$tool" bookworm "$work/debian.sources")" "Types: deb
URIs: http://mirror.example/debian
Suites: bookworm-backports
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 -----END PGP PUBLIC KEY BLOCK-----"

cat >"$work/sources.list" <<'LIST'
# deb http://off.example/debian bookworm main
deb-src http://mirror.example/debian bookworm main
deb http://security.example/debian-security bookworm-security main
deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm main contrib
LIST
expect "one-line" "$("$tool" bookworm "$work/sources.list")" \
  "deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm-backports main contrib"

echo "deb http://mirror.example/debian bookworm main" >"$work/plain.list"
expect "one-line without options" "$("$tool" bookworm "$work/absent.list" "$work/plain.list")" \
  "deb http://mirror.example/debian bookworm-backports main"
if "$tool" trixie "$work/debian.sources" "$work/sources.list"; then fail "found an entry for a suite that no file names"; fi
