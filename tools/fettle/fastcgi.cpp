// Writes and parses the records of FastCGI 1.0 (specification of 29 April 1996, sections 3.3 and 8) for one request.
#include "fastcgi.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "base/descriptor.hpp"
#include "errors.hpp"

namespace tool::fastcgi {

namespace {

using Clock = std::chrono::steady_clock;

/// The types of records, section 8 of the specification.
enum RecordType : unsigned char {
    begin_request = 1,
    end_request = 3,
    params = 4,
    standard_input = 5,
    standard_output = 6,
    standard_error = 7
};
constexpr unsigned char version = 1, request_id = 1;
constexpr std::size_t header_size = 8, max_response = 1 << 20;
/// How often KeepWaiting is called.
constexpr std::chrono::milliseconds poll_interval{100};

/// A connection to a handler. Its errors are std::runtime_error; the message begins with the path of the socket.
class Connection {
public:
    Connection(std::string path, std::chrono::milliseconds time_limit, const KeepWaiting& keep_waiting)
        : path_(std::move(path)), deadline_(Clock::now() + time_limit), keep_waiting_(keep_waiting) {
        sockaddr_un address{AF_UNIX, {}};
        if (path_.size() >= sizeof address.sun_path) fail("is too long for the path of a socket");
        std::strcpy(address.sun_path, path_.c_str());
        fd_ = api::Descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        // EAGAIN means that the queue is full; poll(2) cannot wait for that
        while (fd_ < 0 || connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            if (errno != EAGAIN || Clock::now() >= deadline_) fail("accepts no connection: " + errno_message());
            std::this_thread::sleep_for(poll_interval);
            if (keep_waiting_ && !keep_waiting_()) fail("had accepted no connection when the wait was cancelled");
        }
    }

    void send_all(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n > 0)
                bytes.remove_prefix(static_cast<std::size_t>(n));
            else
                wait_for(POLLOUT);
        }
    }

    std::string receive(std::size_t size) {
        std::string bytes(size, '\0');
        for (std::size_t filled = 0; filled < size;) {
            const ssize_t n = recv(fd_, bytes.data() + filled, size - filled, 0);
            if (n == 0) fail("closed the connection before its response was complete");
            if (n > 0)
                filled += static_cast<std::size_t>(n);
            else
                wait_for(POLLIN);
        }
        return bytes;
    }

    [[noreturn]] void fail(const std::string& why) const { throw std::runtime_error(path_ + ' ' + why); }

private:
    /// Waits after a call that would have blocked. Fails at the deadline, and when the caller cancels the wait.
    void wait_for(short event) {
        if (errno != EAGAIN && errno != EINTR) fail("lost the connection: " + errno_message());
        pollfd pending{fd_, event, 0};
        while (true) {
            if (Clock::now() >= deadline_) fail("did not answer in time");  // even if single bytes arrive
            if (poll(&pending, 1, static_cast<int>(poll_interval.count())) != 0) return;
            if (keep_waiting_ && !keep_waiting_()) fail("had not answered when the wait was cancelled");
        }
    }

    std::string path_;
    Clock::time_point deadline_;
    const KeepWaiting& keep_waiting_;
    api::Descriptor fd_;
};

std::string record(RecordType type, std::string_view content) {
    const auto low_byte = [](std::size_t number) { return static_cast<char>(number & 0xff); };
    std::string bytes{
        version, static_cast<char>(type), 0, request_id, low_byte(content.size() >> 8), low_byte(content.size()), 0, 0};
    return bytes.append(content);
}

/// A name with its value; both must be shorter than 128 bytes.
std::string parameter(std::string_view name, std::string_view value) {
    std::string bytes{static_cast<char>(name.size()), static_cast<char>(value.size())};
    return bytes.append(name).append(value);
}

/// The complete standard output of the request: up to the record that ends it.
std::string read_output(Connection& connection) {
    constexpr char request_complete = 0;  // FCGI_REQUEST_COMPLETE
    std::string text;
    for (std::size_t total = 0;;) {
        const std::string header = connection.receive(header_size);
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(header[i]); };
        const std::size_t length = byte(4) * 256U + byte(5), padding = byte(6);
        const unsigned char type = byte(1);
        if (byte(0) != version || byte(2) != 0 || byte(3) != request_id) connection.fail("does not speak FastCGI");
        total += header_size + length + padding;
        if (total > max_response) connection.fail("sent a response of more than 1 MiB");
        const std::string content = connection.receive(length + padding).substr(0, length);
        if (type == standard_output) {
            text += content;
        } else if (type == end_request) {
            if (length != 8 || content[4] != request_complete) connection.fail("refused the request");
            return text;
        } else if (type != standard_error) {
            connection.fail("does not speak FastCGI");
        }
    }
}

/// The value of a field in the headers of a response. CR LF must be before the first line and at the end of the last
/// one. Empty if there is no such field.
std::string_view field_value(std::string_view head, const std::string& name) {
    const std::size_t found = head.find("\r\n" + name + ": ");
    if (found == head.npos) return {};
    const std::string_view value = head.substr(found + name.size() + 4);
    return value.substr(0, value.find('\r'));
}

/// The number that a field begins with; only a space may follow it: `200 OK`.
std::size_t parse_number(const Connection& connection, std::string_view text) {
    std::size_t number = 0;
    const char* const last = text.data() + text.size();
    // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): last is its end
    auto [end, error] = std::from_chars(text.data(), last, number);
    if (error != std::errc() || end == text.data() || (end != last && *end != ' '))
        connection.fail("sent a Status or a Content-Length that is not a number");
    return number;
}

}  // namespace

Response get(const std::filesystem::path& socket, const std::string& path, std::chrono::milliseconds time_limit,
             const KeepWaiting& keep_waiting) {
    Connection connection(socket.string(), time_limit, keep_waiting);
    // the role responder, and no flag to keep the connection open
    connection.send_all(record(begin_request, std::string_view("\0\1\0\0\0\0\0\0", 8)) +
                        record(params, parameter("REQUEST_METHOD", "GET") + parameter("SCRIPT_NAME", path) +
                                           parameter("QUERY_STRING", "") + parameter("CONTENT_LENGTH", "0")) +
                        record(params, "") + record(standard_input, ""));
    const std::string text = "\r\n" + read_output(connection);
    const std::size_t end = text.find("\r\n\r\n");
    if (end == text.npos) connection.fail("sent a response without headers");
    const std::string_view head = std::string_view(text).substr(0, end + 2);
    Response response{static_cast<int>(parse_number(connection, field_value(head, "Status"))), text.substr(end + 4)};
    if (const std::string_view length = field_value(head, "Content-Length");
        !length.empty() && parse_number(connection, length) != response.body.size())
        connection.fail("sent a body whose size is not its Content-Length");
    return response;
}

}  // namespace tool::fastcgi
