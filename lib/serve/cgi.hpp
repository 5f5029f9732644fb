// Serves one plain CGI request, for a handler that runs in a debugger or a shell.
#pragma once
#include "serve/counters.hpp"
#include "serve/handler.hpp"

namespace api {

/// Answers the request in the environment and on standard input (RFC 3875) on standard output. Returns the exit status
/// of the process: 1 if the reply could not be written.
int serve_cgi(const Handler& handler, Counters& counters);

}  // namespace api
