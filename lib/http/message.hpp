// A received request, and its reply.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace api {

class Spool;

/// One request. The environment has the CGI variables (RFC 3875) that nginx sends over FastCGI.
class Request {
public:
    virtual ~Request() = default;

    /// The CGI variable with this name. Empty if it is absent (data() is null) or if its value is empty (data() is not
    /// null). Throws Problem 400 `duplicate_header` if the client has sent the header more than once.
    std::string_view variable(std::string_view name) const;
    /// The method, as the client sent it.
    std::string_view method() const { return variable("REQUEST_METHOD"); }
    /// The path, decoded and normalised by nginx, without a trailing slash.
    std::string_view path() const;
    /// The query string, not decoded.
    std::string_view query() const { return variable("QUERY_STRING"); }
    /// The id that the client or nginx gave this request: 8 to 64 letters, digits, dots, underscores and hyphens, which
    /// are safe in a log. Empty if it has another form.
    std::string_view id() const;

    /// The whole body; it is read once and kept. Throws Problem 413 if it is longer than the limit in bytes, and 400 if
    /// it is truncated.
    const std::string& body(std::size_t limit);
    /// Whether the request has a body.
    bool has_body() const;
    /// The length of the body in bytes. Throws Problem 400 if Content-Length is not a number.
    std::size_t length() const;
    /// Reads up to `size` bytes of the body; returns how many, 0 at its end. Throws Problem 400 if it is truncated.
    std::size_t receive(char* into, std::size_t size);
    /// The scheme and host of this API: the setting FETTLE_URL, or those of the request if it is empty.
    std::string base_url() const;

    std::string_view route = "-";  ///< the route that matches the path, once it is known
    std::string user;              ///< the id of the user, once it is known

    /// The CGI variables, `NAME=value`, with a null pointer at the end; null if there are none.
    virtual char* const* environment() const = 0;
    /// Reads up to `size` bytes of the body; returns how many, 0 at its end.
    virtual std::size_t read(char* into, std::size_t size) = 0;

private:
    std::optional<std::string> body_;
    std::size_t received_ = 0;
    mutable std::vector<std::pair<std::string_view, std::string_view>> variables_;  // the environment, split once
};

/// A complete reply, which is sent at once with its Content-Length.
struct Reply {
    int status = 200;
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string content_type = "application/json";
    std::string body = {};
    std::shared_ptr<const Spool> spool = {};  ///< used instead of `body` if the body is too large for memory
    std::string used_session_key = {};        ///< the session whose last use is recorded after the reply is sent
};

/// How many bytes of the body are sent; 0 for HEAD.
std::size_t body_size(const Reply& reply, bool head);
/// The header block of a CGI response (RFC 3875 6): `Status:`, the headers, an empty line. Handler::handle checks
/// before that no value has a control character.
std::string cgi_header(const Reply& reply);
/// The body that follows the header block, unless it is spooled; empty for HEAD.
std::string_view cgi_body(const Reply& reply, bool head);

}  // namespace api
