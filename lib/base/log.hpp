// The log: lines on standard error, written without waiting.
#pragma once
#include <cstdint>
#include <string_view>

namespace api {

/// Logs one line: the handler's name, the text, and the id of the request that it is about, where there is one. It is
/// written at once or not at all: a handler goes on serving where the log is full or closed. Control characters become
/// spaces, and the text is cut so that the line has at most PIPE_BUF bytes (4 KiB), which the kernel writes to a pipe
/// as a whole.
void log_line(std::string_view handler, std::string_view text, std::string_view id = {});

/// How many lines were lost since the last call.
std::uint64_t take_lost_lines();

}  // namespace api
