// What `signet admin status` prints.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace signet::admin {
class Status;
}

namespace signet::cli {

[[nodiscard]] nlohmann::json status_json(const admin::Status& status);
/// A table; what an operator has to do stands at its end.
[[nodiscard]] std::string status_text(const admin::Status& status);

}  // namespace signet::cli
