// Writes log lines without waiting. Standard error is a file, a pipe or the socket of the journal; each needs another
// call.
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

/// The file type of standard error (S_IFMT); 0 if it is closed.
mode_t kind_of_log() {
    struct stat log{};
    return fstat(STDERR_FILENO, &log) == 0 ? log.st_mode & S_IFMT : 0;
}

/// Writes without waiting. O_NONBLOCK would apply to all processes that share the open file.
ssize_t write_at_once(std::string_view line) {
    static const mode_t kind = kind_of_log();
    if (kind == S_IFSOCK) return send(STDERR_FILENO, line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (kind != S_IFIFO) return write(STDERR_FILENO, line.data(), line.size());
    // a pipe that poll() reports as writable has room for PIPE_BUF bytes, so only one thread at a time may write
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    pollfd pipe{STDERR_FILENO, POLLOUT, 0};
    return poll(&pipe, 1, 0) == 1 ? write(STDERR_FILENO, line.data(), line.size()) : -1;
}

}  // namespace

void log_line(std::string_view handler, std::string_view text, std::string_view id) {
    std::string line(handler);
    line += ": ";
    // leaves room for the name and the id
    line += text.substr(0, PIPE_BUF - 200);
    if (!id.empty()) line.append(" id=").append(id);
    for (char& c : line)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    line += '\n';
    if (write_at_once(line) < 0) lost.fetch_add(1, std::memory_order_relaxed);
}

std::uint64_t take_lost_lines() { return lost.load(std::memory_order_relaxed) == 0 ? 0 : lost.exchange(0); }

}  // namespace api
