// Runs programs as another user or as this one.
#include "child.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <thread>

namespace tool {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_output = 4 << 20;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what + ": " + std::strerror(errno)); }

sigset_t held_back() {
    sigset_t signals;
    sigemptyset(&signals);
    for (int s : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, s);
    return signals;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> all;
    for (const std::string& text : texts) all.push_back(const_cast<char*>(text.c_str()));
    all.push_back(nullptr);
    return all;
}

/// Between fork and exec: system calls only, for another thread may hold a lock.
[[noreturn]] void become(const Child& child, int written, char* const* words, char* const* environment) {
    sigset_t none;
    sigemptyset(&none);
    const int nothing = open("/dev/null", O_RDONLY);
    const bool ready = setsid() >= 0 && sigprocmask(SIG_SETMASK, &none, nullptr) == 0 &&
                       std::signal(SIGPIPE, SIG_DFL) != SIG_ERR && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
                       dup2(nothing, 0) == 0 && dup2(written, 1) == 1 && dup2(written, 2) == 2;
    const bool became = !child.user || (setgroups(child.user->groups.size(), child.user->groups.data()) == 0 &&
                                        setgid(child.user->group) == 0 && setuid(child.user->id) == 0 &&
                                        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    // a change of user takes that wish back
    if (ready && became && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0) execve(child.program.c_str(), words, environment);
    const char* why = std::strerror(errno);
    if (write(2, why, std::strlen(why)) < 0) _exit(126);
    _exit(127);
}

/// Reads until nobody can write any more. False where it took too long, or was stopped.
bool read_all(const Child& child, int from, Clock::time_point until, std::string& output) {
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
        pollfd events[2] = {{from, POLLIN, 0}, {child.stops ? child.stops->fd() : -1, POLLIN, 0}};
        if (left <= 0 || (poll(events, 2, static_cast<int>(left)) < 0 && errno != EINTR)) return false;
        if (events[1].revents != 0) return false;
        if (events[0].revents == 0) continue;
        char piece[16384];
        const ssize_t n = read(from, piece, sizeof piece);
        if (n == 0) return true;
        if (n < 0 && errno != EINTR) fail("cannot read what " + child.words[0] + " says");
        output.append(piece, static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
        if (output.size() > most_output) return false;
    }
}

}  // namespace

Signals::Signals() {
    const sigset_t signals = held_back();
    if (sigprocmask(SIG_BLOCK, &signals, nullptr) != 0 || std::signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        fail("cannot hold signals back");
    fd_ = api::Descriptor(signalfd(-1, &signals, SFD_CLOEXEC));
    if (fd_ < 0) fail("cannot hold signals back");
}

bool Signals::came() const {
    pollfd waiting{fd_, POLLIN, 0};
    return poll(&waiting, 1, 0) > 0;  // it is never read, so it goes on waiting
}

Ended run(const Child& child) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) fail("cannot run " + child.words[0]);
    const api::Descriptor reading(ends[0]);
    api::Descriptor writing(ends[1]);
    const std::vector<char*> words = pointers(child.words), given = pointers(child.environment);
    const pid_t pid = fork();
    if (pid < 0) fail("cannot run " + child.words[0]);
    if (pid == 0) become(child, writing, words.data(), child.environment.empty() ? environ : given.data());
    writing = api::Descriptor();
    const auto until = Clock::now() + child.limit;
    Ended ended;
    ended.in_time = read_all(child, reading, until, ended.output);
    // it may have closed its output and go on
    while (ended.in_time && waitpid(pid, &ended.status, WNOHANG) == 0) {
        ended.in_time = Clock::now() < until;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    if (!ended.in_time) {
        kill(-pid, SIGKILL);
        while (waitpid(pid, &ended.status, 0) < 0 && errno == EINTR) continue;
    }
    return ended;
}

std::string how_it_ended(int status) {
    if (WIFEXITED(status)) return "status " + std::to_string(WEXITSTATUS(status));
    return "signal " + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) + ")";
}

}  // namespace tool
