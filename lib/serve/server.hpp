// The loop around a handler: FastCGI on descriptor 0, or one plain CGI request.
#pragma once
#include <source_location>

#include "serve/handler.hpp"

namespace api {

/// Serves until SIGTERM, SIGINT or the idle time. Descriptor 0 is the listening socket, as systemd's
/// StandardInput=socket and spawn-fcgi give it; without one, the environment and standard input are one CGI request.
/// Returns the exit status of the process.
int serve(const Handler& handler);

/// How many arguments main() was given, and the handler's name: that of the source file in which main() stands. What
/// the binary is called does not change what it is.
struct Program {
    Program(int count, std::source_location where = std::source_location::current());
    int argument_count;
    std::string name;
};

/// main() of a handler: serves, or obeys --describe, --check, --help.
int serve(const Program& program, char** argv, std::vector<Operation> operations);

/// The same for endpoints as they are declared.
template <class... Endpoints>
int serve(const Program& program, char** argv, const Endpoints&... endpoints) {
    std::vector<Operation> operations;
    operations.reserve(sizeof...(endpoints));
    (operations.push_back(operation_of(endpoints)), ...);
    return serve(program, argv, std::move(operations));
}

}  // namespace api
