// Loses no request at a restart: nothing is accepted after the decision to stop, what was accepted is answered.
#include "serve/server.hpp"

#include <fcgiapp.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <iostream>
#include <system_error>
#include <thread>

#include "serve/counters.hpp"
#include "base/keys.hpp"
#include "base/log.hpp"
#include "base/settings.hpp"
#include "base/spool.hpp"

extern char** environ;

namespace api {

namespace {

/// How much of a body is read that nobody wanted: twice the longest one, for nginx has refused those that are longer.
std::size_t most_drained(const Handler& handler) {
    const bool takes_files = std::any_of(handler.entries().begin(), handler.entries().end(),
                                         [](const Entry& entry) { return entry.operation.receive != nullptr; });
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

/// A request from the environment and standard input.
class CgiRequest : public Request {
public:
    char* const* environment() const override { return environ; }
    std::size_t read(char* into, std::size_t size) override {
        std::cin.read(into, static_cast<std::streamsize>(size));
        return static_cast<std::size_t>(std::cin.gcount());
    }
};

/// What the workers and the main thread share.
struct Shared {
    const Handler& handler;
    Counters& counters;
    int stop;                            ///< eventfd: readable, for everybody, once it is time to stop
    std::atomic<bool> stopping = false;  ///< the same, to be asked without a system call
    std::atomic<int> busy = 0;
    std::atomic<std::int64_t> last_used = 0;
};

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

/// Sends what was spooled, piece by piece, as long as somebody takes it.
template <class Write>
void send_spooled(const Reply& reply, bool head, Write write) {
    if (!reply.spool || head) return;
    std::vector<char> piece(64 << 10);
    std::size_t sent = 0, n = 0;
    while ((n = reply.spool->read(piece.data(), piece.size(), sent)) > 0 && write(piece.data(), n)) sent += n;
}

using Clock = std::chrono::steady_clock;

/// A method as it came, if it is at most 20 letters.
std::string_view plain_method(std::string_view method) {
    const bool is_plain = !method.empty() && method.size() <= 20 &&
                          std::all_of(method.begin(), method.end(),
                                      [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
    return is_plain ? method : "-";
}

/// Milliseconds with one place.
std::string milliseconds(std::chrono::nanoseconds time) {
    char digits[32];
    const double value = static_cast<double>(time.count()) / 1e6;
    return {digits, std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed, 1).ptr};
}

/// Answers a request by what send() does with the reply, counts it and writes its line. Nothing in that line is a text
/// of the client's, but an id and a method that mean nothing elsewhere.
template <class Send>
void answer(const Handler& handler, Counters& counters, Request& request, Database& database, const std::string& id,
            Send send) {
    const Clock::time_point began = Clock::now();
    const Spent before = database.spent();
    const Counters::InFlight in_flight(counters);
    const std::string method(request.method());  // it goes with the request, as the reply leaves
    Reply reply = handler.handle(request, database);
    const bool head = method == "HEAD";
    send(reply, head);
    const std::chrono::nanoseconds took = Clock::now() - began,
                                   asked(database.spent().nanoseconds - before.nanoseconds);
    counters.count(method, request.route, reply.status, took);
    if (settings().logs_requests) {
        std::string line = "request method=";
        line.append(plain_method(method)).append(" route=").append(request.route);
        line.append(" status=").append(std::to_string(reply.status)).append(" ms=").append(milliseconds(took));
        line.append(" db_ms=").append(milliseconds(asked));
        line.append(" bytes=").append(std::to_string(body_size(reply, head)));
        if (!id.empty()) line.append(" id=").append(id);
        if (!request.user.empty()) line.append(" user=").append(request.user);
        log_line(handler.name(), line);
    }
    handler.after(reply, id, database);
    const Spent& after = database.spent();
    counters.add(Total::database_nanoseconds, after.nanoseconds - before.nanoseconds);
    counters.add(Total::database_statements, after.statements - before.statements);
    counters.add(Total::connections_lost, after.connections_lost - before.connections_lost);
    counters.add(Total::lines_lost, take_lost_lines());
}

void serve_one(const Shared& shared, FCGX_Request& wire, Database& database) {
    FastCgiRequest request(wire);
    std::string id;  // of its own: what came over the wire goes as the reply leaves
    try {
        id = request.id();
        answer(shared.handler, shared.counters, request, database, id, [&](Reply& reply, bool head) {
            const std::string header = cgi_header(reply);
            const std::string_view body = cgi_body(reply, head);
            // what is left of the body must not be taken for the next request's records
            char rest[16384];
            std::size_t drained = 0, n = 0;
            const std::size_t most = most_drained(shared.handler);
            while (drained < most && (n = request.read(rest, sizeof rest)) > 0) drained += n;
            for (const std::string_view bytes : {std::string_view(header), body})
                FCGX_PutStr(bytes.data(), static_cast<int>(bytes.size()), wire.out);
            send_spooled(reply, head, [&](const char* piece, std::size_t size) {
                return FCGX_PutStr(piece, static_cast<int>(size), wire.out) == static_cast<int>(size);
            });
            // Everything is read, so closing takes nothing away from the peer: a detached request is closed at once,
            // without libfcgi's shutdown, poll and read until the peer has closed (three of nine system calls, and a
            // wait for nginx).
            if (n == 0) FCGX_Detach(&wire);
            FCGX_Finish_r(&wire);
        });
    } catch (const std::exception& fault) {
        log_line(shared.handler.name(), std::string("fault: ") + fault.what(), id);
    }
    FCGX_Free(&wire, 1);
}

/// What the kernel gave, if it gave it. Without it nothing can be served, so nobody catches what is thrown here: the
/// process ends with those words, and is started anew.
int given(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

void work(Shared& shared) {
    // EPOLLEXCLUSIVE: a connection wakes one worker, not all of them
    const Descriptor events(given(epoll_create1(EPOLL_CLOEXEC), "epoll_create1"));
    epoll_event listening{.events = EPOLLIN | EPOLLEXCLUSIVE, .data = {.fd = 0}},
        stopping{.events = EPOLLIN, .data = {.fd = shared.stop}};
    given(epoll_ctl(events, EPOLL_CTL_ADD, 0, &listening), "epoll_ctl");
    given(epoll_ctl(events, EPOLL_CTL_ADD, shared.stop, &stopping), "epoll_ctl");

    Database database(shared.handler.name());
    FCGX_Request wire;
    FCGX_InitRequest(&wire, 0, 0);
    // nothing is accepted once it is time to stop, so nothing is lost: the backlog belongs to who holds the socket
    while (!shared.stopping) {
        ++shared.busy;
        int rc = FCGX_Accept_r(&wire);
        if (rc == 0) {
            shared.last_used = now_ms();
            serve_one(shared, wire, database);
            shared.last_used = now_ms();
        } else if (rc != -EAGAIN && rc != -EINTR && rc != -ECONNABORTED) {
            log_line(shared.handler.name(), std::string("cannot accept: ") + std::strerror(-rc));
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        --shared.busy;
        if (rc == -EAGAIN) {  // nobody is waiting, or another worker was faster
            epoll_event ready[2];
            if (epoll_wait(events, ready, 2, -1) < 0 && errno != EINTR) given(-1, "epoll_wait");
        }
    }
}

// the linker's: where the program begins, and where its code ends
extern "C" const char __executable_start, etext;

/// What an idle handler does not need goes back: what is free in its heap, and its code, which is read again from the
/// file (from the kernel's cache of it) where it is wanted. Nothing in this range was ever written: relocations are
/// behind it.
void give_back() {
    malloc_trim(0);
    const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<std::uintptr_t>(&__executable_start) & ~(page - 1),
               end = reinterpret_cast<std::uintptr_t>(&etext) & ~(page - 1);
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace

int serve(const Handler& handler) {
    // before FCGX_Init and before any thread: no thread is interrupted in a read, libfcgi's own handler never runs
    sigset_t signals;
    sigemptyset(&signals);
    for (int s : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&signals, s);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    const int signal_fd = given(signalfd(-1, &signals, SFD_CLOEXEC), "signalfd");

    // memory that a burst needed goes back: Argon2's 19 MiB must not stay in the heap, nor an arena for each worker
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    mallopt(M_ARENA_MAX, 2);

    Counters counters(settings().metrics, handler.name());
    if (!counters.why().empty()) log_line(handler.name(), counters.why());

    FCGX_Init();
    if (FCGX_IsCGI()) {
        pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // one request, and whoever waits for it may stop it
        CgiRequest request;
        Database database(handler.name());
        answer(handler, counters, request, database, std::string(request.id()), [](Reply& reply, bool head) {
            const std::string header = cgi_header(reply);
            std::cout << header << cgi_body(reply, head);
            send_spooled(reply, head, [](const char* piece, std::size_t size) {
                return static_cast<bool>(std::cout.write(piece, static_cast<std::streamsize>(size)));
            });
            std::cout.flush();
        });
        return std::cout ? 0 : 1;
    }

    fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);  // an accept that another worker won returns at once
    Shared shared{handler, counters, given(eventfd(0, EFD_CLOEXEC), "eventfd")};
    shared.last_used = now_ms();
    std::vector<std::thread> workers;
    for (int i = 0; i < settings().workers; ++i) workers.emplace_back(work, std::ref(shared));

    const std::int64_t idle = settings().idle_seconds * 1000LL;
    pollfd waiting{signal_fd, POLLIN, 0};
    std::int64_t given_back = 0;  // after the request of that time
    while (true) {
        if (poll(&waiting, 1, idle > 0 ? 1000 : -1) > 0) break;
        const std::int64_t last_used = shared.last_used, unused = now_ms() - last_used;
        if (idle == 0 || shared.busy > 0 || unused < 1000) continue;
        if (unused >= idle) break;
        if (given_back != last_used) give_back();
        given_back = last_used;
    }
    shared.stopping = true;
    const std::uint64_t one = 1;
    given(static_cast<int>(write(shared.stop, &one, sizeof one)), "eventfd");
    for (std::thread& worker : workers) worker.join();
    return 0;
}

Program::Program(int count, std::source_location where) : argument_count(count) {
    const std::string_view file = where.file_name();
    const std::size_t start = file.rfind('/') + 1;
    name = file.substr(start, file.rfind('.') - start);
}

int serve(const Program& program, char** argv, std::vector<Operation> operations) {
    const int argc = program.argument_count;
    Handler handler(program.name, std::move(operations));
    try {
        settings();
        if (argc == 1) {
            try {
                keys();  // made at the first start
            } catch (const std::exception& fault) {
                // access tokens are refused until that is mended; other tokens need no keys
                log_line(handler.name(), fault.what());
            }
            return serve(handler);
        }
        std::string_view option = argv[1];
        if (option == "--describe" && argc == 2) {
            std::cout << handler.describe() << '\n';
            return 0;
        }
        if (option == "--check" && argc == 2) {
            Database database(handler.name(), true);
            const std::vector<std::string> faults = handler.check(database);
            for (const std::string& fault : faults) log_line(handler.name(), "does not fit: " + fault);
            return faults.empty() ? 0 : 1;
        }
        std::ostream& out = option == "--help" ? std::cout : std::cerr;
        out << "usage: " << handler.name() << " [--describe | --check | --help]\n\n"
            << "Serves FastCGI on the socket that is its standard input; without a socket, one CGI request.\n"
            << "  --describe  prints routes, permissions, schemas and statements as JSON\n"
            << "  --check     plans every statement on the database, as the role that it is let in as, and reads\n"
               "              the keys; exit status 1 if something does not fit. GET /_check on its socket does\n"
               "              the same\n\nEndpoints:\n";
        for (const Entry& entry : handler.entries())
            out << "  " << entry.operation.form.route << "\n      " << entry.operation.form.summary << '\n';
        out << "\nSettings (environment):\n";
        for (const SettingLine& line : setting_lines())
            out << "  " << line.name << (*line.initial ? std::string(" (") + line.initial + ")" : "") << "\n      "
                << line.meaning << '\n';
        return option == "--help" ? 0 : 2;
    } catch (const std::exception& fault) {
        log_line(handler.name(), fault.what());
    } catch (const ConnectionLost& lost) {
        log_line(handler.name(), "database: " + lost.why);
    }
    return 1;
}

}  // namespace api
