// Standard error is a file, the socket of a journal or a pipe; each of them can be full in its own way.
#include "base/log.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <mutex>
#include <string>

namespace api {

namespace {

std::atomic<std::uint64_t> lost = 0;

mode_t kind_of_log() {
    struct stat log {};
    return fstat(STDERR_FILENO, &log) == 0 ? log.st_mode & S_IFMT : 0;
}

/// Writes without waiting. O_NONBLOCK would do so, too, for everybody who shares the descriptor.
ssize_t write_at_once(std::string_view line) {
    static const mode_t kind = kind_of_log();
    if (kind == S_IFSOCK) return send(STDERR_FILENO, line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (kind != S_IFIFO) return write(STDERR_FILENO, line.data(), line.size());
    // a pipe that can be written takes PIPE_BUF bytes: those of one thread at a time
    static std::mutex one_at_a_time;
    const std::lock_guard lock(one_at_a_time);
    pollfd pipe{STDERR_FILENO, POLLOUT, 0};
    return poll(&pipe, 1, 0) == 1 ? write(STDERR_FILENO, line.data(), line.size()) : -1;
}

}  // namespace

void log_line(std::string_view handler, std::string_view text, std::string_view id) {
    std::string line(handler);
    line += ": ";
    // room for the id behind it
    line += text.substr(0, PIPE_BUF - 200);
    if (!id.empty()) line.append(" id=").append(id);
    for (char& c : line)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    line += '\n';
    if (write_at_once(line) < 0) lost.fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t take_lost_lines() { return lost.load(std::memory_order_relaxed) == 0 ? 0 : lost.exchange(0); }

}  // namespace api
