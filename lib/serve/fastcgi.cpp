// Accepts without blocking and waits in epoll, so that a worker also wakes up when it is told to stop.
#include "serve/fastcgi.hpp"

#include <fcgiapp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <string>
#include <string_view>

#include "base/log.hpp"
#include "base/settings.hpp"
#include "base/syscall.hpp"
#include "serve/answer.hpp"

namespace api {

namespace {

/// How many bytes of the request body are read and dropped before the reply is sent: at most twice the longest body,
/// because nginx refuses longer ones.
std::size_t most_drained(const Handler& handler) {
    const bool takes_files = std::any_of(handler.endpoints().begin(), handler.endpoints().end(),
                                         [](const CompiledEndpoint& endpoint) { return endpoint.receive != nullptr; });
    return 2 * max_body + (takes_files ? static_cast<std::size_t>(settings().largest_upload) : 0);
}

/// A request over FastCGI.
class FastCgiRequest : public Request {
public:
    explicit FastCgiRequest(FCGX_Request& wire) : wire_(wire) {}
    char* const* environment() const override { return wire_.envp; }
    std::size_t read(char* into, std::size_t size) override {
        int n = FCGX_GetStr(into, static_cast<int>(std::min<std::size_t>(size, 1 << 20)), wire_.in);
        return n > 0 ? static_cast<std::size_t>(n) : 0;
    }

private:
    FCGX_Request& wire_;
};

/// Reads the rest of the request body, writes the reply, and ends the request.
void send_reply(FastCgiRequest& request, FCGX_Request& wire, const Reply& reply, bool head, std::size_t most_drained) {
    const std::string header = cgi_header(reply);
    const std::string_view body = cgi_body(reply, head);
    // the rest of the body must not be mistaken for the records of the next request
    char rest[16384];
    std::size_t drained = 0, n = 0;
    while (drained < most_drained && (n = request.read(rest, sizeof rest)) > 0) drained += n;
    for (const std::string_view bytes : {std::string_view(header), body})
        FCGX_PutStr(bytes.data(), static_cast<int>(bytes.size()), wire.out);
    send_spooled(reply, head, [&](const char* piece, std::size_t size) {
        return FCGX_PutStr(piece, static_cast<int>(size), wire.out) == static_cast<int>(size);
    });
    // Everything was read, so closing the connection loses no data. A detached request is closed at once, without
    // libfcgi's shutdown, poll and read until the peer has closed (three of nine system calls, and a wait for nginx).
    if (n == 0) FCGX_Detach(&wire);
    FCGX_Finish_r(&wire);
}

/// Answers an accepted request and logs any exception.
void serve_one(const Handler& handler, Counters& counters, FCGX_Request& wire, Database& database) {
    FastCgiRequest request(wire);
    std::string id;  // a copy: sending the reply frees the request
    try {
        id = request.id();
        answer(handler, counters, request, database, id,
               [&](Reply& reply, bool head) { send_reply(request, wire, reply, head, most_drained(handler)); });
    } catch (const std::exception& fault) {
        log_line(handler.name(), std::string("fault: ") + fault.what(), id);
    }
    FCGX_Free(&wire, 1);
}

/// An epoll of the listening socket and the eventfd that stops the workers.
Descriptor events_of(int stop) {
    Descriptor events(check_syscall(epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
    // EPOLLEXCLUSIVE: a new connection wakes one worker, not all workers
    epoll_event listening{.events = EPOLLIN | EPOLLEXCLUSIVE, .data = {.fd = 0}},
        stopping{.events = EPOLLIN, .data = {.fd = stop}};
    check_syscall(epoll_ctl(events, EPOLL_CTL_ADD, 0, &listening), "epoll_ctl");
    check_syscall(epoll_ctl(events, EPOLL_CTL_ADD, stop, &stopping), "epoll_ctl");
    return events;
}

}  // namespace

[[gnu::hot]] std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

FastCgiWorkers::FastCgiWorkers(const Handler& handler, Counters& counters, int count)
    : handler_(handler),
      counters_(counters),
      stop_(check_syscall(eventfd(0, EFD_CLOEXEC), "eventfd")),
      last_used_(now_ms()) {
    for (int i = 0; i < count; ++i) threads_.emplace_back(&FastCgiWorkers::work, this);
}

void FastCgiWorkers::stop() {
    stopping_ = true;
    const std::uint64_t one = 1;
    check_syscall(static_cast<int>(write(stop_, &one, sizeof one)), "eventfd");
    for (std::thread& thread : threads_) thread.join();
}

// A worker cannot serve without its epoll. No code catches the exception of check_syscall, so the process ends with its
// message, and systemd starts it again.
void FastCgiWorkers::work() {
    const Descriptor events = events_of(stop_);
    Database database(handler_.name());
    FCGX_Request wire;
    FCGX_InitRequest(&wire, 0, 0);
    // after stop(), nothing is accepted and nothing is lost: waiting connections stay in the backlog of the socket
    while (!stopping_) {
        ++busy_;
        const int rc = FCGX_Accept_r(&wire);
        if (rc == 0) {
            last_used_ = now_ms();
            serve_one(handler_, counters_, wire, database);
            last_used_ = now_ms();
        } else if (rc != -EAGAIN && rc != -EINTR && rc != -ECONNABORTED) {
            log_line(handler_.name(), std::string("cannot accept: ") + std::strerror(-rc));
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        --busy_;
        if (rc == -EAGAIN) {  // no connection is waiting, or another worker was faster
            epoll_event ready[2];
            if (epoll_wait(events, ready, 2, -1) < 0 && errno != EINTR) check_syscall(-1, "epoll_wait");
        }
    }
}

}  // namespace api
