// Descriptors 0, 1 and 2, which every program takes for granted.
#pragma once

namespace signet {

/// First thing in every main(): a program can be started without them (`<&- >&- 2>&-`), and what it opens next - a log,
/// a socket - would get their numbers and whatever is printed. Those that are closed become /dev/null: standard input
/// is empty, standard error is lost, and writing to standard output fails (EBADF), because results must not be lost in
/// silence. Those that are open stay as they are. Aborts when /dev/null cannot be opened. Not thread-safe.
void open_standard_streams() noexcept;

}  // namespace signet
