// Runs a handler's process: signals, FastCGI or plain CGI, and the idle exit.
#include "serve/process.hpp"

#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>

#include <csignal>
#include <cstdint>

#include "base/log.hpp"
#include "base/settings.hpp"
#include "base/syscall.hpp"
#include "serve/cgi.hpp"
#include "serve/counters.hpp"
#include "serve/fastcgi.hpp"
#include "serve/memory.hpp"

namespace api {

namespace {

/// Waits for a signal, or until no request has arrived for the idle time. In the meantime, an idle handler releases
/// memory. It is marked gnu::hot for the same reason as release_memory() (memory.hpp).
[[gnu::hot, gnu::noinline]] void wait_for_end(int signal_fd, const FastCgiWorkers& workers) {
    const std::int64_t idle = settings().idle_seconds * 1000LL;
    pollfd waiting{signal_fd, POLLIN, 0};
    std::int64_t released = 0;  // the value of last_used when memory was last released
    while (true) {
        if (poll(&waiting, 1, idle > 0 ? 1000 : -1) > 0) return;
        const std::int64_t last_used = workers.last_used(), unused = now_ms() - last_used;
        if (idle == 0 || workers.busy() || unused < 1000) continue;
        if (unused >= idle) return;
        if (released != last_used) release_memory();
        released = last_used;
    }
}

}  // namespace

int serve(const Handler& handler) {
    // before FCGX_Init and before any thread: no read is interrupted, and libfcgi's own signal handler never runs
    sigset_t signals;
    sigemptyset(&signals);
    for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    const int signal_fd = check_syscall(signalfd(-1, &signals, SFD_CLOEXEC), "signalfd");
    limit_heap();

    Counters counters(settings().metrics, handler.name());
    if (!counters.why().empty()) log_line(handler.name(), counters.why());

    FCGX_Init();
    if (FCGX_IsCGI()) {
        pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // the user can stop this single request with Ctrl-C
        return serve_cgi(handler, counters);
    }
    fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);  // accept returns at once if another worker took the connection
    FastCgiWorkers workers(handler, counters, settings().workers);
    wait_for_end(signal_fd, workers);
    workers.stop();
    return 0;
}

}  // namespace api
