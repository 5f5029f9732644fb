// The loop around a handler: FastCGI on descriptor 0, or one plain CGI request.
#pragma once
#include "handler.hpp"

namespace api {

/// Serves until SIGTERM, SIGINT or the idle time. Descriptor 0 is the listening socket, as systemd's
/// StandardInput=socket and spawn-fcgi give it; without one, the environment and standard input are one CGI request.
/// Returns the exit status of the process.
int serve(const Handler& handler);

/// main() of a handler: serves, or obeys --describe, --check, --help. The name is that of the program.
int serve(int argc, char** argv, std::vector<Operation> operations);

/// The same for endpoints as they are declared.
template <class... Endpoints>
int serve(int argc, char** argv, const Endpoints&... endpoints) {
    return serve(argc, argv, std::vector<Operation>{operation_of(endpoints)...});
}

}  // namespace api
