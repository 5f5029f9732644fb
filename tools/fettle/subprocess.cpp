// Starts programs, reads their output, and ends them at their time limit.
#include "subprocess.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <stdexcept>
#include <thread>

#include "base/descriptor.hpp"
#include "errors.hpp"

namespace tool {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t max_output = 4 << 20;

/// As execve(2) takes them: with a null pointer at the end.
std::vector<char*> to_pointers(const std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

/// The child's part after fork(): system calls only, because another thread may have held a lock.
[[noreturn]] void execute(const Subprocess& subprocess, int output, char* const* arguments, char* const* environment) {
    sigset_t none;
    sigemptyset(&none);
    const int input = open("/dev/null", O_RDONLY);
    const bool is_ready = setsid() >= 0 && sigprocmask(SIG_SETMASK, &none, nullptr) == 0 &&
                          std::signal(SIGPIPE, SIG_DFL) != SIG_ERR && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
                          dup2(input, 0) == 0 && dup2(output, 1) == 1 && dup2(output, 2) == 2;
    const std::optional<User>& user = subprocess.user;
    const bool is_user =
        !user || (setgroups(user->supplementary_groups.size(), user->supplementary_groups.data()) == 0 &&
                  setgid(user->group) == 0 && setuid(user->id) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
    // a change of the user resets the parent-death signal
    if (is_ready && is_user && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0)
        execve(subprocess.program.c_str(), arguments, environment);
    const char* reason = std::strerror(errno);
    if (write(2, reason, std::strlen(reason)) < 0) _exit(126);
    _exit(127);
}

/// Reads until all writers have closed the pipe. False after the deadline, after a signal, and if it is too much.
bool read_output(const Subprocess& subprocess, int pipe, Clock::time_point deadline, std::string& output) {
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        const int signals = subprocess.cancelled_by ? subprocess.cancelled_by->fd() : -1;
        pollfd events[2] = {{pipe, POLLIN, 0}, {signals, POLLIN, 0}};
        if (left <= 0 || (poll(events, 2, static_cast<int>(left)) < 0 && errno != EINTR)) return false;
        if (events[1].revents != 0) return false;
        if (events[0].revents == 0) continue;
        char buffer[16384];
        const ssize_t n = read(pipe, buffer, sizeof buffer);
        if (n == 0) return true;
        if (n < 0 && errno != EINTR)
            throw std::runtime_error("cannot read the output of " + subprocess.arguments[0] + ": " + errno_message());
        output.append(buffer, static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
        if (output.size() > max_output) return false;
    }
}

}  // namespace

ProcessResult run(const Subprocess& subprocess) {
    const std::string& name = subprocess.arguments[0];
    int ends[2];
    check_syscall<std::runtime_error>(pipe2(ends, O_CLOEXEC), "cannot run ", name);
    const api::Descriptor read_end(ends[0]);
    api::Descriptor write_end(ends[1]);
    const std::vector<char*> arguments = to_pointers(subprocess.arguments),
                             environment = to_pointers(subprocess.environment);
    const pid_t pid = check_syscall<std::runtime_error>(fork(), "cannot run ", name);
    if (pid == 0)
        execute(subprocess, write_end, arguments.data(), subprocess.environment.empty() ? environ : environment.data());
    write_end = api::Descriptor();
    const auto deadline = Clock::now() + subprocess.time_limit;
    ProcessResult result;
    result.in_time = read_output(subprocess, read_end, deadline, result.output);
    // a program may close its output and continue
    while (result.in_time && waitpid(pid, &result.status, WNOHANG) == 0) {
        result.in_time = Clock::now() < deadline;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    if (!result.in_time) {
        kill(-pid, SIGKILL);
        while (waitpid(pid, &result.status, 0) < 0 && errno == EINTR) continue;
    }
    return result;
}

std::string describe_status(int status) {
    if (WIFEXITED(status)) return "status " + std::to_string(WEXITSTATUS(status));
    return "signal " + std::to_string(WTERMSIG(status)) + " (" + strsignal(WTERMSIG(status)) + ")";
}

}  // namespace tool
