// The parts of Boost.Asio the front uses. In one place, because it is precompiled.
// Coroutines here await in statements of their own, never in a condition: GCC 12 makes a loop without end of
// `while (...) { if (co_await write(x) != kDone) { ... } ... }`.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace signet {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;

/// Failures come as values: auto [failure, size] = co_await asio::async_read(socket, buffer, kAsTuple);
inline constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

}  // namespace signet
