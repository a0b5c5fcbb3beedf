// The Public Suffix List (https://publicsuffix.org), as libpsl has it built in.
#pragma once

#include <string_view>

namespace signet {

/// Names below `domain` belong to whoever registers them: it is on the list (registries and private suffixes such as a
/// hoster's), or it is a single label. `domain` is a host name in ASCII, lower-case, A-labels included. Reads no file.
[[nodiscard]] bool is_public_suffix(std::string_view domain);

}  // namespace signet
