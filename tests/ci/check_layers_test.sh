#!/usr/bin/env bash
# ci/check-layers accepts the tree as it is and names file, line and rule of every kind of breach planted in a copy.
. "$(dirname "$0")/helpers.sh"
tool=$SIGNET_SOURCE_DIR/ci/check-layers

fresh_copy() {
  rm -rf "$work/tree"
  mkdir "$work/tree"
  cp -r "$SIGNET_SOURCE_DIR"/{src,tools,include} "$work/tree"
}

# planted FILE TEXT COMPLAINT: adds a line to the end of a file of a fresh copy.
planted() {
  fresh_copy
  printf '%s\n' "$2" >>"$work/tree/$1"
  refused "$1:$(wc -l <"$work/tree/$1"): $3" "$tool" --root "$work/tree"
}

fresh_copy
"$tool" --root "$work/tree" || fail "the tree itself breaks the rule"

planted src/base/file.h '#include "x509/der.h"' 'src/base must not include from src/x509'
planted src/x509/der.h '#include "token/pkcs11_error.h"' 'src/x509 must not include from src/token'
planted src/front/server.h '#include "store/store.h"' 'src/front must not include from src/store'
planted include/signet/result.h '#include "base/bytes.h"' 'a public header includes from src/base'
planted src/x509/name.cc '#include <boost/asio.hpp>' '<boost/asio.hpp> is for src/front'
planted src/wire/frame.cc '#include <p11-kit/pkcs11.h>' '<p11-kit/pkcs11.h> is for src/token only'
planted src/log/entry.cc '  #  include <sqlite3.h>' '<sqlite3.h> is for src/store only'
planted src/wire/frame.cc '#include "wire/no_such_file.h"' 'includes "wire/no_such_file.h", which is no file of the project'
planted src/wire/frame.cc '#include "channel.h"' 'includes "channel.h" without its folder: write "wire/channel.h"'
planted src/wire/CMakeLists.txt 'signet_library(wire base store)' 'src/wire must not link store'

fresh_copy
echo '#include "base/cycle_b.h"' >"$work/tree/src/base/cycle_a.h"
echo '#include "base/cycle_a.h"' >"$work/tree/src/base/cycle_b.h"
refused "src/base/cycle_b.h:1: closes a cycle of includes: src/base/cycle_a.h -> src/base/cycle_b.h -> src/base/cycle_a.h" \
  "$tool" --root "$work/tree"

# Programs with something behind a wall: a table of PKCS#11 code, code of a library out of reach, an undefined dlopen.
fresh_copy
mkdir -p "$work/build/bin" "$work/build/src/store"
cat >"$work/store.cc" <<'CODE'
namespace signet { int store_commit() { return 1; } }
CODE
cat >"$work/program.cc" <<'CODE'
#include <dlfcn.h>
namespace signet {
int store_commit();
struct Pkcs11Module { static int load(); };
int Pkcs11Module::load() { return dlopen("x", RTLD_NOW) != nullptr; }
}
int main() { return signet::store_commit() + signet::Pkcs11Module::load(); }
CODE
c++ -c -o "$work/store.o" "$work/store.cc"
ar rcs "$work/build/src/store/libsignet-store.a" "$work/store.o"
c++ -o "$work/build/bin/signet-front" "$work/program.cc" "$work/build/src/store/libsignet-store.a"
for complaint in "signet-front:0: contains code of src/store (signet::store_commit())" \
  "signet-front:0: contains or needs dlopen" \
  "signet-front:0: contains or needs PKCS#11 (signet::Pkcs11Module::load())" \
  "signetd:0: is missing"; do
  refused "$complaint" "$tool" --root "$work/tree" --binaries "$work/build"
done
