// What all handlers have counted, as Prometheus reads it.
#pragma once
#include <string>

namespace api::metrics {

/// The type of the text: version 0.0.4 of Prometheus' text format.
inline constexpr const char* content_type = "text/plain; version=0.0.4; charset=utf-8";

/// The counters of every handler that has a folder in this one. A file that is none of ours says nothing; a folder that
/// cannot be read is as one that is empty.
std::string text(const std::string& folder);

}  // namespace api::metrics
