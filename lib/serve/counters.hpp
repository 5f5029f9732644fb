// What a handler counts, in a file that it maps: it outlives restarts, idle exits and kill -9. lib/serve/metrics.cpp reads
// it.
#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.hpp"

namespace api {

/// Up to how many nanoseconds a request took: a bucket for each bound, and one for all that took longer.
inline constexpr std::array<std::uint64_t, 14> duration_bounds = {
    1'000'000,   2'500'000,   5'000'000,     10'000'000,    25'000'000,    50'000'000,     100'000'000,
    250'000'000, 500'000'000, 1'000'000'000, 2'500'000'000, 5'000'000'000, 10'000'000'000, 30'000'000'000};
using Durations = std::array<std::uint64_t, duration_bounds.size() + 1>;

/// What is counted beside requests.
enum class Total { starts, database_nanoseconds, database_statements, connections_lost, lines_lost, count };
using Totals = std::array<std::uint64_t, static_cast<std::size_t>(Total::count)>;

/// The counters of one handler. Every count is one atomic addition: of several threads, and of the two processes that a
/// restart may have for a while, none is lost, and the file is whole whenever a process ends.
class Counters {
public:
    /// Maps the file <folder>/<handler>/counters, which is made where it is missing and made anew where it is none of
    /// ours. Where that cannot be done, why() says so, and what is counted is lost with the process.
    Counters(const std::string& folder, const std::string& handler);
    ~Counters();
    Counters(const Counters&) = delete;
    Counters& operator=(const Counters&) = delete;

    /// Why nothing is kept; empty where all is well.
    const std::string& why() const { return why_; }

    /// Counts a request that was answered. route is a template; only methods of HTTP/1.1 are told apart. What the file
    /// has no room for is counted under no name.
    void count(std::string_view method, std::string_view route, int status, std::chrono::nanoseconds took);
    void add(Total total, std::uint64_t number);
    /// A request of this process that is being answered.
    class InFlight {
    public:
        explicit InFlight(Counters& counters) : counters_(counters) { counters_.in_flight(1); }
        ~InFlight() { counters_.in_flight(-1); }
        InFlight(const InFlight&) = delete;

    private:
        Counters& counters_;
    };

    struct File;

private:
    void in_flight(int change);
    bool open_file(const std::string& folder, const std::string& handler);
    void begin_process();

    std::string why_;
    Descriptor fd_;
    File* file_ = nullptr;
    std::optional<std::size_t> process_;  ///< our entry among the processes; none where there are too many
};

/// What a handler has counted up to now.
struct Counted {
    struct Requests {
        std::string method, route, status;  ///< `-` each where there was no room to tell them apart
        std::uint64_t nanoseconds;
        Durations durations;
    };
    std::vector<Requests> requests;
    Totals totals;
    std::vector<std::uint64_t> started;  ///< of each process that lives, in milliseconds since 1970
    std::uint64_t in_flight = 0;         ///< of those processes
};

/// Reads the file <folder>/<handler>/counters; nothing where there is none of ours. What is no count of ours in it is
/// left out. Throws nothing, whatever the file is.
std::optional<Counted> read_counters(const std::string& folder, const std::string& handler);

}  // namespace api
