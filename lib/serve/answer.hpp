// Answers one request, counts it and logs it. FastCGI and plain CGI use the same code.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/spool.hpp"
#include "serve/counters.hpp"
#include "serve/handler.hpp"

namespace api {

/// Sends a reply. If `head` is true, the body is left out.
using Send = std::function<void(Reply& reply, bool head)>;

/// Lets the handler answer the request, sends the reply, counts the request and logs it with this id. The only texts of
/// the client in the log line are the id and the method, which are checked. Throws what `send` and the handler throw.
void answer(const Handler& handler, Counters& counters, Request& request, Database& database, const std::string& id,
            const Send& send);

/// Sends a spooled body in pieces of 64 KiB with write(bytes, size), until that returns false. Does nothing for HEAD or
/// if the body is not spooled.
template <class Write>
void send_spooled(const Reply& reply, bool head, Write write) {
    if (!reply.spool || head) return;
    std::vector<char> piece(64 << 10);
    std::size_t sent = 0, n = 0;
    while ((n = reply.spool->read(piece.data(), piece.size(), sent)) > 0 && write(piece.data(), n)) sent += n;
}

}  // namespace api
