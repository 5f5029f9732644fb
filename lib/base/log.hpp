// The log: lines on standard error, which nobody ever waits for.
#pragma once
#include <cstdint>
#include <string_view>

namespace api {

/// One line, behind the handler's name; with the id of the request that it is about, where there is one. It is written
/// at once or not at all: a log that is full or gone is no reason to stop serving. Control characters become blanks,
/// and a line ends after 4 KiB, which the kernel does not mix with another one.
void log_line(std::string_view handler, std::string_view text, std::string_view id = {});

/// How many lines were lost since it was asked last.
std::uint64_t take_lost_lines();

}  // namespace api
