#include "policy/public_suffix.h"

#include <libpsl.h>

#include <string>

namespace signet {

bool is_public_suffix(std::string_view domain) {
  // The list's implicit rule "*" makes every single label a public suffix. Without a built-in list every domain is
  // taken for one, so that what cannot be judged is refused.
  const psl_ctx_t* const list = psl_builtin();
  return list == nullptr || psl_is_public_suffix(list, std::string(domain).c_str()) != 0;
}

}  // namespace signet
