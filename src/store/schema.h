// The tables of the store.
#pragma once

#include <string>

#include "store/database.h"

namespace signet {

/// PRAGMA user_version. There is no migration: an old store is deleted and rebuilt from the log.
inline constexpr int kSchemaVersion = 3;

/// Makes the tables in an empty database, or checks that they are of kSchemaVersion. Errors as Store::open.
[[nodiscard]] Result<void> prepare_schema(Database& database, const std::string& path);

}  // namespace signet
