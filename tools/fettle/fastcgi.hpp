// A FastCGI client: one GET request over a unix socket, for commands that ask a handler for its health.
#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

namespace tool::fastcgi {

struct Response {
    int status = 0;
    std::string body;
};

/// Called ten times a second while the client waits; false cancels the request.
using KeepWaiting = std::function<bool()>;

/// Sends the request and waits for the whole response, at most for the time limit; also waits while the queue of the
/// socket is full. Throws std::runtime_error with a sentence that begins with the path of the socket: if it accepts no
/// connection, if no response comes in time, or if the response is not complete, larger than 1 MiB, or not FastCGI 1.0
/// (it is parsed strictly).
Response get(const std::filesystem::path& socket, const std::string& path, std::chrono::milliseconds time_limit,
             const KeepWaiting& keep_waiting = {});

}  // namespace tool::fastcgi
