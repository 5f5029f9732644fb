// A FastCGI client: one GET over a unix socket, for commands that ask a handler how it is.
#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

namespace tool::fastcgi {

struct Answer {
    int status = 0;
    std::string body;
};

/// Asked ten times a second while nothing comes: false gives the request up.
using GoesOn = std::function<bool()>;

/// Asks and waits for the whole answer, at most for the limit; a queue that is full is waited for, too. Throws
/// std::runtime_error with a sentence that names the socket: it takes no connection, no answer came in time, it ended
/// too early, or it is none (FastCGI 1.0, read strictly; at most 1 MiB).
Answer get(const std::filesystem::path& socket, const std::string& path, std::chrono::milliseconds limit,
           const GoesOn& goes_on = {});

}  // namespace tool::fastcgi
