#include "front/request_check.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <string>

#include "wire/message.h"
#include "wire/signet.pb.h"

namespace signet {
namespace {

/// The number of a request with fields of a newer version, so that its client can match the refusal.
std::uint64_t number_if_readable(ByteView body) {
  v1::Request request;
  return request.ParseFromArray(body.data(), static_cast<int>(body.size())) ? request.number() : 0;
}

/// "1 (METHOD_ISSUE), 2 (METHOD_GET_TRUST_BUNDLE), ..."
std::string known_methods() {
  std::string list;
  const auto& methods = *v1::Method_descriptor();
  for (int i = 0; i < methods.value_count(); ++i) {
    const auto& method = *methods.value(i);
    if (method.number() == v1::METHOD_UNSPECIFIED) continue;
    list += fmt::format("{}{} ({})", list.empty() ? "" : ", ", method.number(), method.name());
  }
  return list;
}

}  // namespace

CheckedRequest check_request(ByteView body) {
  auto request = parse_strict<v1::Request>(body, "request");
  if (!request.has_value()) return {number_if_readable(body), std::move(request).error()};
  CheckedRequest checked{.number = request->number(), .refusal = std::nullopt};
  if (!v1::Method_IsValid(request->method()) || request->method() == v1::METHOD_UNSPECIFIED) {
    checked.refusal = Error{.code = ErrorCode::kInvalidArgument,
                            .message = fmt::format("method {} is not known here; known are {}",
                                                   static_cast<int>(request->method()), known_methods()),
                            .field = "request.method"};
  }
  return checked;
}

}  // namespace signet
