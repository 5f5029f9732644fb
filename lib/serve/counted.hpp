// Reads what a handler has counted.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "serve/counters_file.hpp"

namespace api {

/// What a handler has counted up to now.
struct Counted {
    /// The requests of one name.
    struct Requests {
        std::string method, route, status;  ///< each `-` for requests that the file had no room to tell apart
        std::uint64_t nanoseconds;
        Durations durations;
    };
    std::vector<Requests> requests;
    Totals totals;
    std::vector<std::uint64_t> started;  ///< start of each running process, in milliseconds since 1970
    std::uint64_t in_flight = 0;         ///< requests that these processes are answering
};

/// Reads the file <folder>/<handler>/counters; nothing where it is missing or has another layout. Slots with an invalid
/// name are left out. Throws nothing but std::bad_alloc, whatever the content of the file is.
std::optional<Counted> read_counters(const std::string& folder, const std::string& handler);

}  // namespace api
