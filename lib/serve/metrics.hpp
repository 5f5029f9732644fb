// The counters of all handlers in the text format of Prometheus.
#pragma once
#include <string>

namespace api::metrics {

/// The media type of the text: version 0.0.4 of the text format
/// (https://prometheus.io/docs/instrumenting/exposition_formats/).
inline constexpr const char* content_type = "text/plain; version=0.0.4; charset=utf-8";

/// The counters of every handler that has a subfolder in this folder. A file with another layout is ignored, and a
/// folder that cannot be read counts as empty.
std::string text(const std::string& folder);

}  // namespace api::metrics
