// Loses no request at a restart: nothing is accepted after the decision to stop, what was accepted is answered.
#include "server.hpp"

#include <fcgiapp.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <iostream>
#include <thread>

#include "csv.hpp"
#include "keys.hpp"
#include "settings.hpp"

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

void serve_one(const Handler& handler, FCGX_Request& wire, Database& database) {
    FastCgiRequest request(wire);
    Reply reply = handler.handle(request, database);
    const bool head = request.method() == "HEAD";
    std::string bytes = cgi_response(reply, head);
    // what is left of the body must not be taken for the next request's records
    char rest[16384];
    std::size_t drained = 0, n = 0;
    for (const std::size_t most = most_drained(handler); drained < most && (n = request.read(rest, sizeof rest)) > 0;)
        drained += n;
    FCGX_PutStr(bytes.data(), static_cast<int>(bytes.size()), wire.out);
    send_spooled(reply, head, [&](const char* piece, std::size_t size) {
        return FCGX_PutStr(piece, static_cast<int>(size), wire.out) == static_cast<int>(size);
    });
    // Everything is read, so closing takes nothing away from the peer: a detached request is closed at once, without
    // libfcgi's shutdown, poll and read until the peer has closed (three of nine system calls, and a wait for nginx).
    if (n == 0) FCGX_Detach(&wire);
    FCGX_Finish_r(&wire);
    FCGX_Free(&wire, 1);
    handler.after(reply, database);
}

void work(Shared& shared) {
    // EPOLLEXCLUSIVE: a connection wakes one worker, not all of them
    int events = epoll_create1(EPOLL_CLOEXEC);
    epoll_event listening{.events = EPOLLIN | EPOLLEXCLUSIVE, .data = {.fd = 0}},
        stopping{.events = EPOLLIN, .data = {.fd = shared.stop}};
    epoll_ctl(events, EPOLL_CTL_ADD, 0, &listening);
    epoll_ctl(events, EPOLL_CTL_ADD, shared.stop, &stopping);

    Database database(shared.handler.name());
    FCGX_Request wire;
    FCGX_InitRequest(&wire, 0, 0);
    // nothing is accepted once it is time to stop, so nothing is lost: the backlog belongs to who holds the socket
    while (!shared.stopping) {
        ++shared.busy;
        int rc = FCGX_Accept_r(&wire);
        if (rc == 0) {
            shared.last_used = now_ms();
            try {
                serve_one(shared.handler, wire, database);
            } catch (const std::exception& fault) {
                log_line(shared.handler.name(), std::string("fault: ") + fault.what());
                FCGX_Free(&wire, 1);
            }
            shared.last_used = now_ms();
        } else if (rc == -EMFILE || rc == -ENFILE || rc == -ENOMEM || rc == -ENOBUFS) {
            log_line(shared.handler.name(), std::string("cannot accept: ") + std::strerror(-rc));
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        --shared.busy;
        if (rc == -EAGAIN) {  // nobody is waiting, or another worker was faster
            epoll_event ready[2];
            if (epoll_wait(events, ready, 2, -1) < 0 && errno != EINTR) break;
        }
    }
    close(events);
}

}  // namespace

int serve(const Handler& handler) {
    // before FCGX_Init and before any thread: no thread is interrupted in a read, libfcgi's own handler never runs
    sigset_t signals;
    sigemptyset(&signals);
    for (int s : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&signals, s);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    const int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);

    // memory that a burst needed goes back: Argon2's 19 MiB must not stay in the heap, nor an arena for each worker
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    mallopt(M_ARENA_MAX, 2);

    FCGX_Init();
    if (FCGX_IsCGI()) {
        pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // one request, and whoever waits for it may stop it
        CgiRequest request;
        Database database(handler.name());
        Reply reply = handler.handle(request, database);
        const bool head = request.method() == "HEAD";
        std::string bytes = cgi_response(reply, head);
        std::cout.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        send_spooled(reply, head, [](const char* piece, std::size_t size) {
            return static_cast<bool>(std::cout.write(piece, static_cast<std::streamsize>(size)));
        });
        std::cout.flush();
        handler.after(reply, database);
        return std::cout ? 0 : 1;
    }

    fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);  // an accept that another worker won returns at once
    Shared shared{handler, eventfd(0, EFD_CLOEXEC)};
    shared.last_used = now_ms();
    std::vector<std::thread> workers;
    for (int i = 0; i < settings().workers; ++i) workers.emplace_back(work, std::ref(shared));

    const std::int64_t idle = settings().idle_seconds * 1000LL;
    pollfd waiting{signal_fd, POLLIN, 0};
    while (true) {
        if (poll(&waiting, 1, idle > 0 ? 1000 : -1) > 0) break;
        if (idle > 0 && shared.busy == 0 && now_ms() - shared.last_used >= idle) break;
    }
    shared.stopping = true;
    const std::uint64_t one = 1;
    if (write(shared.stop, &one, sizeof one) != sizeof one) return 1;
    for (std::thread& worker : workers) worker.join();
    return 0;
}

int serve(int argc, char** argv, std::vector<Operation> operations) {
    std::string_view path = argv[0];
    Handler handler(std::string(path.substr(path.rfind('/') + 1)), std::move(operations));
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
            keys();
            auto faults = handler.check(database);
            for (const std::string& fault : faults)
                std::cerr << handler.name() << ": does not fit the database: " << fault << '\n';
            return faults.empty() ? 0 : 1;
        }
        std::ostream& out = option == "--help" ? std::cout : std::cerr;
        out << "usage: " << handler.name() << " [--describe | --check | --help]\n\n"
            << "Serves FastCGI on the socket that is its standard input; without a socket, one CGI request.\n"
            << "  --describe  prints routes, permissions, schemas and statements as JSON\n"
            << "  --check     prepares every statement on the database and reads the keys; exit status 1 if "
               "something does not fit\n\nEndpoints:\n";
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
