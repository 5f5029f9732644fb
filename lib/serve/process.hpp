// The process of a handler, from its first request to its end.
#pragma once
#include "serve/handler.hpp"

namespace api {

/// Serves until SIGTERM, SIGINT, SIGHUP, SIGUSR1 or the idle time. Descriptor 0 is the listening socket, as systemd's
/// StandardInput=socket and spawn-fcgi give it; without one, the environment and standard input are one CGI request.
/// Returns the exit status of the process. Throws std::system_error where the kernel refuses a descriptor.
int serve(const Handler& handler);

}  // namespace api
