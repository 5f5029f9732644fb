// What all handlers have counted, in the text format of Prometheus.
#pragma once
#include <string>

namespace api::metrics {

/// The media type of the text: version 0.0.4 of the text format
/// (https://prometheus.io/docs/instrumenting/exposition_formats/).
inline constexpr const char* content_type = "text/plain; version=0.0.4; charset=utf-8";

/// The counters of every handler that has a folder in this one. A file of another layout is ignored; a folder that
/// cannot be read counts as empty.
std::string text(const std::string& folder);

}  // namespace api::metrics
