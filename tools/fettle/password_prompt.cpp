// Reads a new password from a terminal or from standard input.
#include "password_prompt.hpp"

#include <unistd.h>

#include <iostream>
#include <optional>

#include "echo_off.hpp"
#include "errors.hpp"

namespace tool {

namespace {

/// One line of standard input; nothing at the end of the input or after a signal.
std::optional<std::string> read_line() {
    std::string line;
    for (char c; !EchoOff::was_interrupted();) {
        const ssize_t n = read(STDIN_FILENO, &c, 1);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw UserError("cannot read the password: " + errno_message());
        if (n == 0 && line.empty()) break;
        if (n == 0 || c == '\n') {
            if (line.ends_with('\r')) line.pop_back();  // a line end as on Windows
            return line;
        }
        line += c;
    }
    return std::nullopt;
}

/// Reads a password, after a prompt if standard input is a terminal.
std::string read_password(const std::string& prompt) {
    std::optional<std::string> line;
    if (isatty(STDIN_FILENO)) {
        std::cerr << prompt << std::flush;
        const EchoOff echo_off;
        line = read_line();
    } else {
        line = read_line();
    }
    if (!line) throw UserError("no password was given; nothing was changed");
    return *line;
}

}  // namespace

std::string ask_new_password(const std::string& username) {
    const std::string password = read_password("New password for " + username + ": ");
    if (isatty(STDIN_FILENO) && read_password("Again: ") != password)
        throw UserError("the two passwords are not the same; nothing was changed, run the command again");
    return password;
}

}  // namespace tool
