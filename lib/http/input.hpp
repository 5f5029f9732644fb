// What a client sends, made into checked fields: JSON, forms, query strings. Every fault is named, nothing is ignored.
#pragma once
#include "http/message.hpp"
#include "schema/fields.hpp"

namespace api {

/// The longest body, in bytes; of an upload, beside the file.
inline constexpr std::size_t max_body = 1 << 20;

/// Reads the body of a request and checks its fields (schema/fields.hpp); faults of fields are returned in errors.
/// Throws 413, 415, and a 400 where the body as a whole is malformed.
CheckedFields read_input(Request& request, const Shape& body_shape, const Shape& answer);

/// Decodes `a=b&c=d`. Throws 400 where an escape is broken, the text is not UTF-8 or has U+0000, or
/// there are more than 256 parameters.
std::vector<std::pair<std::string, std::string>> decode_query(std::string_view query);
/// Encodes for a query: unreserved characters of RFC 3986 2.3 stay.
std::string encode_query(std::string_view text);

}  // namespace api
