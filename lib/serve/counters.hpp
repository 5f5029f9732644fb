// What a handler counts, in a file that it maps: it outlives restarts, idle exits and kill -9.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/descriptor.hpp"
#include "serve/counters_file.hpp"

namespace api {

/// The counters of one handler. Every count is one atomic addition: of several threads, and of the two processes that a
/// restart may have for a while, none is lost, and the file is whole whenever a process ends.
class Counters {
public:
    /// Maps the file <folder>/<handler>/counters, which is made where it is missing, and replaced where it has another
    /// layout. Where that cannot be done, why() says so, and what is counted is lost with the process. Throws
    /// std::bad_alloc.
    Counters(const std::string& folder, const std::string& handler);
    ~Counters();
    Counters(const Counters&) = delete;
    Counters& operator=(const Counters&) = delete;

    /// Why nothing is kept; empty where the file is used.
    const std::string& why() const { return why_; }

    /// Counts a request that was answered. The route is a template; methods other than those of is_known_method() are
    /// counted as `-`. What the file has no room for is counted under no name.
    void count(std::string_view method, std::string_view route, int status, std::chrono::nanoseconds took);
    /// Adds a number to a total.
    void add(Total total, std::uint64_t number);
    /// A request that this process is answering, as long as this object lives.
    class InFlight {
    public:
        explicit InFlight(Counters& counters) : counters_(counters) { counters_.in_flight(1); }
        ~InFlight() { counters_.in_flight(-1); }
        InFlight(const InFlight&) = delete;

    private:
        Counters& counters_;
    };

private:
    void in_flight(int change);
    bool open_file(const std::string& folder, const std::string& handler);
    bool make_file(int folder);
    void begin_process();

    std::string why_;
    Descriptor fd_;
    counters_file::File* file_ = nullptr;
    std::optional<std::size_t> process_;  ///< our entry among the processes; none where there are too many
};

}  // namespace api
