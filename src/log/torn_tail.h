// The end of a file that a write left unfinished: read, and kept beside before it is cut. Internal to log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace signet::log {

/// Exactly these bytes of `fd`, whose name is `path`. Error kInternal, also when the file ends before.
[[nodiscard]] Result<Bytes> read_at(int fd, const std::string& path, std::uint64_t offset, std::size_t size);

/// Writes these bytes to a file beside, `path`.torn-<offset>-<hash>, where the hash is the first 16 hex digits of their
/// SHA-256: never over other bytes, and once only when an earlier run died between saving and cutting. Once it returns
/// the name, they last there. Error kDataLoss when that name holds other bytes.
[[nodiscard]] Result<std::string> save_torn_tail(int fd, const std::string& path, std::uint64_t offset,
                                                 std::size_t size);

/// The files that save_torn_tail() made for `path`, in the order of their names. Error kInternal.
[[nodiscard]] Result<std::vector<std::string>> saved_torn_tails(const std::string& path);
/// What is in one of them. Errors: those of read_file, kInvalidArgument when it is larger than any tail.
[[nodiscard]] Result<Bytes> read_torn_tail(const std::string& name);

}  // namespace signet::log
