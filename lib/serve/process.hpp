// The process of a handler, from its start to its end.
#pragma once
#include "serve/handler.hpp"

namespace api {

/// Serves until SIGTERM, SIGINT, SIGHUP, SIGUSR1 or the end of the idle time. Descriptor 0 is the listening socket, as
/// passed by systemd's StandardInput=socket or by spawn-fcgi. If it is not a socket, one CGI request is read from the
/// environment and standard input. Returns the exit status of the process. Throws std::system_error if the kernel
/// refuses a descriptor.
int serve(const Handler& handler);

}  // namespace api
