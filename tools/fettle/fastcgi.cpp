// The records of FastCGI 1.0 (specification of 29 April 1996, section 3.3 and 8), as far as one request needs them.
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

namespace tool::fastcgi {

namespace {

using Clock = std::chrono::steady_clock;

enum Kind : unsigned char {
    begin_request = 1,
    end_request = 3,
    params = 4,
    standard_input = 5,
    output = 6,
    errors = 7
};
constexpr std::size_t head_size = 8, most_answered = 1 << 20;
constexpr std::chrono::milliseconds pause{100};

/// One conversation; what goes wrong is thrown with the name of the socket in front.
class Peer {
public:
    Peer(std::string name, std::chrono::milliseconds limit, const GoesOn& goes_on)
        : name_(std::move(name)), until_(Clock::now() + limit), goes_on_(goes_on) {
        sockaddr_un address{AF_UNIX, {}};
        if (name_.size() >= sizeof address.sun_path) fail("is too long a name for a socket");
        std::strcpy(address.sun_path, name_.c_str());
        fd_ = api::Descriptor(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        // EAGAIN is a full queue, which nothing can be polled for
        while (fd_ < 0 || connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
            if (errno != EAGAIN || Clock::now() >= until_)
                fail(std::string("takes no connection: ") + std::strerror(errno));
            std::this_thread::sleep_for(pause);
            if (goes_on_ && !goes_on_()) fail("was not waited for");
        }
    }

    void send_all(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n > 0)
                bytes.remove_prefix(static_cast<std::size_t>(n));
            else
                wait_or_fail(POLLOUT);
        }
    }

    std::string receive(std::size_t size) {
        std::string bytes(size, '\0');
        for (std::size_t filled = 0; filled < size;) {
            const ssize_t n = recv(fd_, bytes.data() + filled, size - filled, 0);
            if (n == 0) fail("closed the connection before its answer was complete");
            if (n > 0)
                filled += static_cast<std::size_t>(n);
            else
                wait_or_fail(POLLIN);
        }
        return bytes;
    }

    [[noreturn]] void fail(const std::string& why) const { throw std::runtime_error(name_ + ' ' + why); }

private:
    void wait_or_fail(short event) {
        if (errno != EAGAIN && errno != EINTR) fail(std::string("broke the connection: ") + std::strerror(errno));
        pollfd waiting{fd_, event, 0};
        while (true) {
            if (Clock::now() >= until_) fail("did not answer in time");  // also where a byte comes now and then
            if (poll(&waiting, 1, static_cast<int>(pause.count())) != 0) return;
            if (goes_on_ && !goes_on_()) fail("was not waited for");
        }
    }

    std::string name_;
    Clock::time_point until_;
    const GoesOn& goes_on_;
    api::Descriptor fd_;
};

std::string record(Kind kind, std::string_view content) {
    std::string bytes{1,
                      static_cast<char>(kind),
                      0,
                      1,
                      static_cast<char>(content.size() >> 8),
                      static_cast<char>(content.size() & 0xff),
                      0,
                      0};
    return bytes.append(content);
}

/// Both are shorter than 128 bytes.
std::string pair(std::string_view name, std::string_view value) {
    std::string bytes{static_cast<char>(name.size()), static_cast<char>(value.size())};
    return bytes.append(name).append(value);
}

/// What the request's standard output was, when the record of its end has come.
std::string read_output(Peer& peer) {
    std::string text;
    for (std::size_t total = 0;;) {
        const std::string head = peer.receive(head_size);
        const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(head[i]); };
        const std::size_t length = byte(4) * 256U + byte(5);
        if (byte(0) != 1 || byte(2) != 0 || byte(3) != 1) peer.fail("does not speak FastCGI");
        if ((total += head_size + length + byte(6)) > most_answered) peer.fail("answers without end");
        const std::string content = peer.receive(length + byte(6)).substr(0, length);
        if (byte(1) == output) {
            text += content;
        } else if (byte(1) == end_request) {
            if (length != 8 || content[4] != 0) peer.fail("refused the request");  // FCGI_REQUEST_COMPLETE is 0
            return text;
        } else if (byte(1) != errors) {
            peer.fail("does not speak FastCGI");
        }
    }
}

/// `Name: value` among the lines of a head that begins and ends with \r\n; nothing where it is not there.
std::string_view header(std::string_view head, const std::string& name) {
    const std::size_t found = head.find("\r\n" + name + ": ");
    if (found == head.npos) return {};
    const std::string_view value = head.substr(found + name.size() + 4);
    return value.substr(0, value.find('\r'));
}

std::size_t number(const Peer& peer, std::string_view text) {
    std::size_t n = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc() || end == text.data() || (end != text.data() + text.size() && *end != ' '))
        peer.fail("answers without a number where there must be one");
    return n;
}

}  // namespace

Answer get(const std::filesystem::path& socket, const std::string& path, std::chrono::milliseconds limit,
           const GoesOn& goes_on) {
    Peer peer(socket.string(), limit, goes_on);
    // a responder, and no further request on this connection
    peer.send_all(record(begin_request, std::string_view("\0\1\0\0\0\0\0\0", 8)) +
                  record(params, pair("REQUEST_METHOD", "GET") + pair("SCRIPT_NAME", path) + pair("QUERY_STRING", "") +
                                     pair("CONTENT_LENGTH", "0")) +
                  record(params, "") + record(standard_input, ""));
    const std::string text = "\r\n" + read_output(peer);
    const std::size_t end = text.find("\r\n\r\n");
    if (end == text.npos) peer.fail("answers without a head");
    const std::string_view head = std::string_view(text).substr(0, end + 2);
    Answer answer{static_cast<int>(number(peer, header(head, "Status"))), text.substr(end + 4)};
    if (const std::string_view length = header(head, "Content-Length");
        !length.empty() && number(peer, length) != answer.body.size())
        peer.fail("cut its answer");
    return answer;
}

}  // namespace tool::fastcgi
