// The types of entries there are, and their fields. docs/log-format.md describes them for a reader of the file.
#pragma once

#include "log/entries_issuance.h"  // IWYU pragma: export
#include "log/entries_life.h"      // IWYU pragma: export
#include "log/entry_common.h"      // IWYU pragma: export
