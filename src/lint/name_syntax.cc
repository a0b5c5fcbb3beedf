#include "lint/name_syntax.h"

#include <algorithm>

#include "base/ascii.h"

namespace signet::lint {
namespace {

using ascii::is_alnum;
using ascii::is_digit;
using ascii::lower;

bool is_dot_string(std::string_view text) noexcept {
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.find("..") != std::string_view::npos)
    return false;
  return std::ranges::all_of(text, [](char c) {
    return is_alnum(c) || std::string_view("!#$%&'*+-/=?^_`{|}~.").find(c) != std::string_view::npos;
  });
}

bool is_quoted_string(std::string_view text) noexcept {
  if (text.size() < 3 || text.front() != '"' || text.back() != '"') return false;
  return std::ranges::all_of(text.substr(1, text.size() - 2), [](char c) { return c >= ' ' && c < 0x7F && c != '"'; });
}

bool is_host(std::string_view text) {
  return text.size() <= 253 && std::ranges::all_of(labels_of(text), [](std::string_view label) {
           return is_ldh_label(label) && label.size() <= 63;
         });
}

}  // namespace

std::vector<std::string_view> labels_of(std::string_view dns) {
  std::vector<std::string_view> labels;
  while (true) {
    const std::size_t dot = dns.find('.');
    labels.push_back(dns.substr(0, dot));
    if (dot == std::string_view::npos) return labels;
    dns.remove_prefix(dot + 1);
  }
}

bool is_ldh_label(std::string_view label) noexcept {
  return !label.empty() && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label, [](char c) { return is_alnum(c) || c == '-'; });
}

bool looks_like_ip(std::string_view dns) {
  if (dns.find(':') != std::string_view::npos) return true;
  const std::vector<std::string_view> labels = labels_of(dns);
  return labels.size() == 4 && std::ranges::all_of(labels, [](std::string_view label) {
           return !label.empty() && std::ranges::all_of(label, is_digit);
         });
}

bool is_mailbox(std::string_view text) {
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return false;
  const std::string_view local = text.substr(0, at);
  return local.size() <= 64 && (is_dot_string(local) || is_quoted_string(local)) && is_host(text.substr(at + 1));
}

bool is_absolute_uri(std::string_view text) noexcept {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) return false;
  const auto in_scheme = [](char c) { return is_alnum(c) || c == '+' || c == '-' || c == '.'; };
  const auto in_rest = [](char c) {
    return c > ' ' && c < 0x7F && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
  };
  return ascii::is_letter(text[0]) && std::ranges::all_of(text.substr(0, colon), in_scheme) &&
         std::ranges::all_of(text.substr(colon + 1), in_rest);
}

std::string_view host_of(std::string_view uri) noexcept {
  const std::size_t start = uri.find("://");
  if (start == std::string_view::npos) return {};
  std::string_view authority = uri.substr(start + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

bool has_scheme(std::string_view uri, std::string_view scheme) noexcept {
  return uri.size() > scheme.size() && uri[scheme.size()] == ':' &&
         equal_ignoring_case(uri.substr(0, scheme.size()), scheme);
}

}  // namespace signet::lint
