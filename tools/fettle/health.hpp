// What a handler reports about itself over its socket.
#pragma once
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "fastcgi.hpp"

namespace tool {

/// The response of a handler to GET /_check.
struct Health {
    int pid = 0;
    bool uses_database = true;
    std::vector<std::string> faults;  ///< empty if it is healthy
};

/// Sends GET /_check to a handler. Throws std::runtime_error if no response comes within the time limit, or if another
/// handler or another program answers.
Health health_of(const std::string& handler, const std::filesystem::path& socket, std::chrono::milliseconds time_limit,
                 const fastcgi::KeepWaiting& keep_waiting = {});

}  // namespace tool
