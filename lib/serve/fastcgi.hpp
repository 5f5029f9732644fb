// The threads that accept and serve FastCGI requests on descriptor 0.
#pragma once
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "base/descriptor.hpp"
#include "serve/counters.hpp"
#include "serve/handler.hpp"

namespace api {

/// The worker threads of a handler, each with a database connection. FCGX_Init must have been called before, and
/// descriptor 0 must be a non-blocking listening socket. A restart loses no request: nothing is accepted after stop(),
/// and every accepted request is answered. Throws std::system_error if the kernel cannot create an eventfd.
class FastCgiWorkers {
public:
    /// Starts `count` threads.
    FastCgiWorkers(const Handler& handler, Counters& counters, int count);

    /// Lets each worker finish its request, and waits for all workers. Must be called once, before the destructor.
    void stop();

    /// Whether a worker is accepting or serving a request.
    bool busy() const { return busy_ > 0; }
    /// When the last request began or ended, in milliseconds of now_ms().
    std::int64_t last_used() const { return last_used_; }

private:
    void work();

    const Handler& handler_;
    Counters& counters_;
    Descriptor stop_;                     ///< eventfd: becomes readable for all workers when they must stop
    std::atomic<bool> stopping_ = false;  ///< the same, readable without a system call
    std::atomic<int> busy_ = 0;
    std::atomic<std::int64_t> last_used_;
    std::vector<std::thread> threads_;
};

/// Milliseconds of a monotonic clock.
std::int64_t now_ms();

}  // namespace api
