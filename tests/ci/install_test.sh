#!/usr/bin/env bash
# The install target: FHS paths, programs that find each other there, and a library that a stranger's program can be
# built with.
. "$(dirname "$0")/helpers.sh"
build=$(dirname "$SIGNET_BIN_DIR")
prefix=$work/usr
cmake --install "$build" --prefix "$prefix" >"$work/log" || { cat "$work/log"; fail "cmake --install"; }

for file in sbin/signetd libexec/signet/signet-front libexec/signet/signet-issuer libexec/signet/signet-keyholder \
  bin/signet bin/signet-audit bin/signet-ceremony include/signet/client.h include/signet/audit.h \
  share/signet/hsm-profiles/softhsm2.toml share/doc/signet/configuration.md; do
  [[ -f $prefix/$file ]] || fail "$file was not installed"
done

# The whole road with the installed programs alone: signetd finds the others in ../libexec/signet.
mkdir "$work/programs"
ln -s "$prefix"/sbin/signetd "$prefix"/bin/signet "$prefix"/bin/signet-audit "$prefix"/bin/signet-ceremony "$work/programs"
"$SIGNET_SOURCE_DIR/tools/quickstart" --programs "$work/programs" --dir "$work/demo" >"$work/log" 2>&1 ||
  { cat "$work/log"; fail "quickstart with the installed programs"; }

# Sanitized archives need the sanitizers of their own build; the plain ones are what is shipped.
if grep -q '^SIGNET_SANITIZE:.*=.' "$build/CMakeCache.txt"; then exit 0; fi
cat >"$work/program.cc" <<'PROGRAM'
#include <cstdio>
#include "signet/audit.h"
#include "signet/client.h"
int main() {
  const auto client = signet::Client::create({.address = "127.0.0.1:1", .certificate_file = "none", .key_file = "none", .trust_file = "none"});
  std::puts(client.has_value() ? "made" : client.error().message.c_str());
  const auto entry = signet::audit::find_certificate("no-log", "no-certificate");
  std::puts(entry.has_value() ? "found" : entry.error().message.c_str());
}
PROGRAM
pc=$(find "$prefix" -name signet.pc)
flags=$(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --define-variable=prefix="$prefix" --cflags --libs signet)
# shellcheck disable=SC2086 # a list of flags
c++ -std=c++23 "$work/program.cc" $flags -o "$work/program" || fail "a program with the library does not build: $flags"
output=$("$work/program")
[[ $output == *none*no-* ]] || fail "the program did not say which files are missing, but: $output"
