// Blocks signals, and receives them through a signalfd(2).
#include "blocked_signals.hpp"

#include <poll.h>
#include <sys/signalfd.h>

#include <csignal>
#include <stdexcept>

#include "errors.hpp"

namespace tool {

namespace {

sigset_t ending_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, number);
    return signals;
}

}  // namespace

BlockedSignals::BlockedSignals() {
    constexpr const char* failed = "cannot block signals";
    const sigset_t signals = ending_signals();
    check_syscall<std::runtime_error>(sigprocmask(SIG_BLOCK, &signals, nullptr), failed);
    check_syscall<std::runtime_error>(std::signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0, failed);
    fd_ = api::Descriptor(check_syscall<std::runtime_error>(signalfd(-1, &signals, SFD_CLOEXEC), failed));
}

bool BlockedSignals::came() const {
    pollfd event{fd_, POLLIN, 0};
    return poll(&event, 1, 0) > 0;  // the signal is never read, so the descriptor stays readable
}

}  // namespace tool
