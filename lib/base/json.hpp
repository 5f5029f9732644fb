// Parses JSON strictly: duplicate keys are errors that name the key, depth and sizes are limited.
#pragma once
#include <boost/json/value.hpp>
#include <string_view>

#include "base/problem.hpp"

namespace api {

namespace json = boost::json;

/// Limits of JSON texts (RFC 8259 section 9 allows an implementation to set them): nesting depth, members of an object,
/// items of an array, bytes of a string.
inline constexpr std::size_t max_json_depth = 32, max_json_members = 256, max_json_items = 1000,
                             max_json_text = 1 << 20;

/// Parses a JSON text of RFC 8259. A key that appears more than once in its object is added to `errors` by its path
/// (`a.b` means b inside of a). Throws a 400 if the text is not JSON, or is too deep or too large.
json::value parse_json(std::string_view text, Errors& errors);

}  // namespace api
