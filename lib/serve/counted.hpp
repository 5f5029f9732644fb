// Reads the counters of a handler from its file.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "serve/counters_file.hpp"

namespace api {

/// The current counts of a handler.
struct Counted {
    /// The requests with one method, route and status.
    struct Requests {
        std::string method, route, status;  ///< all `-` for requests for which the file had no free slot
        std::uint64_t nanoseconds;
        Durations durations;
    };
    std::vector<Requests> requests;
    Totals totals;
    std::vector<std::uint64_t> started;  ///< start of each running process, in milliseconds since 1970
    std::uint64_t in_flight = 0;         ///< requests that these processes are answering
};

/// Reads the file <folder>/<handler>/counters; nothing if it is missing or has another layout. Slots with an invalid
/// name are left out. Throws only std::bad_alloc, even if the file is damaged.
std::optional<Counted> read_counters(const std::string& folder, const std::string& handler);

}  // namespace api
