// Reads a request from the environment and standard input, and writes the reply to standard output.
#include "serve/cgi.hpp"

#include <cstddef>
#include <iostream>
#include <string>

#include "serve/answer.hpp"

namespace api {

namespace {

/// A request from the environment and standard input.
class CgiRequest : public Request {
public:
    char* const* environment() const override { return environ; }
    std::size_t read(char* into, std::size_t size) override {
        std::cin.read(into, static_cast<std::streamsize>(size));
        return static_cast<std::size_t>(std::cin.gcount());
    }
};

}  // namespace

int serve_cgi(const Handler& handler, Counters& counters) {
    CgiRequest request;
    Database database(handler.name());
    answer(handler, counters, request, database, std::string(request.id()), [](Reply& reply, bool head) {
        const std::string header = cgi_header(reply);
        std::cout << header << cgi_body(reply, head);
        send_spooled(reply, head, [](const char* piece, std::size_t size) {
            return static_cast<bool>(std::cout.write(piece, static_cast<std::streamsize>(size)));
        });
        std::cout.flush();
    });
    return std::cout ? 0 : 1;
}

}  // namespace api
