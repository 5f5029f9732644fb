// Reads JSON, forms and query strings into checked fields. Every error is reported, no field is ignored.
#pragma once
#include "http/message.hpp"
#include "schema/fields.hpp"

namespace api {

/// The longest body in bytes; of an upload, without its file.
inline constexpr std::size_t max_body = 1 << 20;

/// Reads the body of a request and checks its fields (schema/fields.hpp); the errors of fields are part of the result.
/// Throws Problem 413, 415, and 400 if the body as a whole is malformed.
CheckedFields read_input(Request& request, const Shape& body_shape, const Shape& answer);

/// Decodes `a=b&c=d`. Throws Problem 400 if a percent escape is not valid, if the text is not UTF-8 or has U+0000, or
/// if there are more than 256 parameters.
std::vector<std::pair<std::string, std::string>> decode_query(std::string_view query);
/// Percent-encodes a text for a query, except the unreserved characters of RFC 3986 2.3.
std::string encode_query(std::string_view text);

}  // namespace api
