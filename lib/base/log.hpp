// The log: lines on standard error, written without waiting.
#pragma once
#include <cstdint>
#include <string_view>

namespace api {

/// Logs one line: the handler's name, the text, and the id of the request if there is one. The line is written at once
/// or dropped, so that a handler continues to serve if the log is full or closed. Control characters become spaces. The
/// text is cut so that the line has at most PIPE_BUF bytes (4 KiB), which the kernel writes to a pipe in one piece.
void log_line(std::string_view handler, std::string_view text, std::string_view id = {});

/// The number of lines that were dropped since the last call.
std::uint64_t take_lost_lines();

}  // namespace api
