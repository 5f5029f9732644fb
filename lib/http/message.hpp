// A request as it came over the wire, and the reply that goes back.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace api {

class Spool;

/// One request. The environment is that of CGI (RFC 3875) as nginx sends it over FastCGI.
class Request {
public:
    virtual ~Request() = default;

    /// The CGI variable of this name, empty where it is absent (one that was sent empty has data()). Throws a 400 where
    /// the client managed to send it twice.
    std::string_view variable(std::string_view name) const;
    std::string_view method() const { return variable("REQUEST_METHOD"); }
    /// Decoded and normalised by nginx, without the trailing slash.
    std::string_view path() const;
    std::string_view query() const { return variable("QUERY_STRING"); }
    /// What the client or nginx calls this request: 8 to 64 characters that mean nothing in a log; empty where it is
    /// anything else.
    std::string_view id() const;

    /// The whole body, also when asked again. Throws 413 where it is longer than the limit, 400 where it was cut on its
    /// way.
    const std::string& body(std::size_t limit);
    /// True where a body follows, whatever its length.
    bool has_body() const;
    /// How long it is, in bytes. Throws 400 where the client says no number.
    std::size_t length() const;
    /// The next bytes of the body, size of them at most; 0 at its end. Throws 400 where it was cut on its way.
    std::size_t receive(char* into, std::size_t size);
    /// Scheme and host in front of a path: the setting FETTLE_URL, else what the client used.
    std::string base_url() const;

    std::string_view route = "-";  ///< the template that the path fits, once that is found
    std::string user;              ///< the id of who asks, once that is known

    virtual char* const* environment() const = 0;
    /// Reads up to size bytes of the body; 0 at its end.
    virtual std::size_t read(char* into, std::size_t size) = 0;

private:
    std::optional<std::string> body_;
    std::size_t received_ = 0;
    mutable std::vector<std::pair<std::string_view, std::string_view>> variables_;  // the environment, split once
};

/// A reply, complete: it is written once, with its Content-Length.
struct Reply {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string content_type = "application/json";
    std::string body = {};
    std::shared_ptr<const Spool> spool = {};  ///< a body that is too large for memory, in place of body
    std::string used_key = {};                ///< the session whose last use is noted once the reply has left
};

/// How many bytes of a body are sent.
std::size_t body_size(const Reply& reply, bool head);
/// What CGI wants in front of a body: `Status:`, headers, an empty line. No value has a control character
/// (Handler::handle sees to it).
std::string cgi_header(const Reply& reply);
/// The body that follows, but for what was spooled: nothing for HEAD.
std::string_view cgi_body(const Reply& reply, bool head);

}  // namespace api
