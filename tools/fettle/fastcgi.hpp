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

/// Called ten times a second while the client waits: false gives the request up.
using KeepWaiting = std::function<bool()>;

/// Sends the request and waits for the whole response, at most for the time limit; also waits while the queue of the
/// socket is full. Throws std::runtime_error with a sentence that begins with the socket's path: it takes no
/// connection, no response came in time, the response is not complete, or is not FastCGI 1.0 (parsed strictly; at most
/// 1 MiB).
Response get(const std::filesystem::path& socket, const std::string& path, std::chrono::milliseconds time_limit,
             const KeepWaiting& keep_waiting = {});

}  // namespace tool::fastcgi
