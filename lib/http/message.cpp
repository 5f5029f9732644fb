// Reads the variables and the body of a request, and writes the header block of a reply.
#include "http/message.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/problem.hpp"
#include "base/settings.hpp"
#include "base/spool.hpp"

namespace api {

std::string_view Request::variable(std::string_view name) const {
    if (variables_.empty()) {
        for (char* const* entry = environment(); entry && *entry; ++entry) {
            std::string_view text = *entry;
            std::size_t equals = std::min(text.find('='), text.size());
            variables_.emplace_back(text.substr(0, equals), text.substr(std::min(equals + 1, text.size())));
        }
    }
    const std::pair<std::string_view, std::string_view>* found = nullptr;
    for (const auto& entry : variables_) {
        if (entry.first != name) continue;
        // nginx 1.22 does not join repeated headers, and a proxy in front of Fettle could use the other value
        if (found && name.starts_with("HTTP_")) throw Problem(refusals::duplicate_header, name.substr(5));
        if (!found) found = &entry;
    }
    return found ? found->second : std::string_view();
}

std::string_view Request::path() const {
    std::string_view path = variable("SCRIPT_NAME");
    if (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
    return path;
}

std::string_view Request::id() const {
    const std::string_view id = variable("REQUEST_ID");
    const bool fits = id.size() >= 8 && id.size() <= 64 && std::ranges::all_of(id, [](unsigned char c) {
                          return std::isalnum(c) || c == '.' || c == '_' || c == '-';
                      });
    return fits ? id : std::string_view();
}

bool Request::has_body() const {
    std::string_view length = variable("CONTENT_LENGTH");
    return !length.empty() && length != "0";
}

std::size_t Request::length() const {
    std::string_view announced = variable("CONTENT_LENGTH");
    std::size_t length = 0;
    if (!announced.empty()) {
        auto [end, error] = std::from_chars(announced.data(), announced.data() + announced.size(), length);
        if (error != std::errc() || end != announced.data() + announced.size())
            throw Problem(400, "bad_request", "Content-Length is not a number.");
    }
    return length;
}

std::size_t Request::receive(char* into, std::size_t size) {
    size = std::min(size, length() - received_);
    if (size == 0) return 0;
    const std::size_t got = read(into, size);
    if (got == 0) throw Problem(400, "bad_request", "The body is shorter than its Content-Length.");
    received_ += got;
    return got;
}

const std::string& Request::body(std::size_t limit) {
    if (body_) return *body_;
    const std::size_t length = this->length();
    if (length > limit) throw Problem(refusals::too_large, std::to_string(limit));
    std::string body(length, '\0');
    for (std::size_t filled = 0; filled < length;) filled += receive(body.data() + filled, length - filled);
    return body_.emplace(std::move(body));
}

std::string Request::base_url() const {
    if (const std::string& url = settings().url; !url.empty()) return url;
    std::string_view host = variable("HTTP_HOST");
    bool plain = !host.empty() && host.size() <= 255;
    for (char c : host)
        if (!std::isalnum(static_cast<unsigned char>(c)) && std::strchr(".:-[]_", c) == nullptr) plain = false;
    std::string_view scheme = variable("REQUEST_SCHEME");
    return std::string(scheme == "https" ? "https" : "http") + "://" +
           std::string(plain ? host : variable("SERVER_NAME"));
}

namespace {

bool has_body(const Reply& reply) { return reply.status != 204 && reply.status != 304; }
std::size_t length_of(const Reply& reply) { return reply.spool ? reply.spool->size() : reply.body.size(); }

}  // namespace

std::size_t body_size(const Reply& reply, bool head) { return !head && has_body(reply) ? length_of(reply) : 0; }

std::string cgi_header(const Reply& reply) {
    std::string out = "Status: " + std::to_string(reply.status) + " " + reason(reply.status) + "\r\n";
    for (const auto& [name, value] : reply.headers) out += name + ": " + value + "\r\n";
    if (has_body(reply)) {
        out += "Content-Type: " + reply.content_type + "\r\n";
        out += "Content-Length: " + std::to_string(length_of(reply)) + "\r\n";
    }
    return out + "\r\n";
}

std::string_view cgi_body(const Reply& reply, bool head) {
    return !head && has_body(reply) ? std::string_view(reply.body) : std::string_view();
}

}  // namespace api
