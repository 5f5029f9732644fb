// The counters of a handler, in a mapped file that survives restarts, idle exits and kill -9.
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

/// The counters of one handler. Every count is one atomic addition. So no count is lost if several threads write, or
/// the two processes that run for a moment during a restart, and the file is valid whenever a process ends.
class Counters {
public:
    /// Maps the file <folder>/<handler>/counters. The file is created if it is missing, and replaced if it has another
    /// layout. If that fails, why() returns the reason, and the counts are lost when the process ends. Throws
    /// std::bad_alloc.
    Counters(const std::string& folder, const std::string& handler);
    ~Counters();
    Counters(const Counters&) = delete;
    Counters& operator=(const Counters&) = delete;

    /// Why the counts are not kept in the file; empty if they are.
    const std::string& why() const { return why_; }

    /// Counts a request that was answered. The route is a template; methods other than those of is_known_method() are
    /// counted as `-`. If the file has no free slot, the request is counted in the slot without a name.
    void count(std::string_view method, std::string_view route, int status, std::chrono::nanoseconds took);
    /// Adds a number to a total.
    void add(Total total, std::uint64_t number);
    /// Counts a request as being answered, as long as this object lives.
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
    std::optional<std::size_t> process_;  ///< this process's entry in the file; none if all entries are in use
};

}  // namespace api
