// PEM (RFC 7468).
#include <fmt/format.h>

#include <algorithm>

#include "x509/certificate.h"

namespace signet {
namespace {

constexpr std::size_t kLineCharacters = 64;

std::unexpected<Error> refuse(std::string message) { return fail(ErrorCode::kInvalidArgument, std::move(message)); }

/// Takes one line off the front of `text`, without its end and white space before it.
std::string_view take_line(std::string_view& text) noexcept {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  while (line.ends_with('\r') || line.ends_with(' ') || line.ends_with('\t')) line.remove_suffix(1);
  return line;
}

/// The rest of a block whose first line has been taken.
Result<Bytes> take_block(std::string_view& text, std::string_view label) {
  const std::string end = fmt::format("-----END {}-----", label);
  std::string base64;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line == end) return from_base64(base64);
    base64 += line;
  }
  return refuse(fmt::format("the PEM block {} has no end", printable(label)));
}

}  // namespace

std::string encode_pem(std::string_view label, ByteView der) {
  const std::string base64 = to_base64(der);
  std::string text = fmt::format("-----BEGIN {}-----\n", label);
  for (std::size_t at = 0; at < base64.size(); at += kLineCharacters) {
    text += base64.substr(at, kLineCharacters);
    text += '\n';
  }
  return text + fmt::format("-----END {}-----\n", label);
}

Result<std::vector<Bytes>> decode_pem(std::string_view text, std::string_view label) {
  const std::string begin = fmt::format("-----BEGIN {}-----", label);
  std::vector<Bytes> blocks;
  while (!text.empty()) {
    if (take_line(text) != begin) continue;
    Result<Bytes> block = take_block(text, label);
    if (!block) return refuse(fmt::format("PEM block {}: {}", blocks.size() + 1, block.error().message));
    blocks.push_back(*std::move(block));
  }
  if (blocks.empty()) return refuse(fmt::format("no PEM block \"{}\" was found", begin));
  return blocks;
}

}  // namespace signet
