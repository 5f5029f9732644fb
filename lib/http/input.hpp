// What a client sends, made into checked fields: strict JSON, forms, query strings. Everything is named, nothing
// ignored.
#pragma once
#include "http/message.hpp"
#include "base/problem.hpp"
#include "schema/shape.hpp"

namespace api {

/// Limits of JSON bodies (RFC 8259 section 9 allows an implementation to set them).
inline constexpr std::size_t max_json_depth = 32, max_json_members = 256, max_json_items = 1000;
/// The longest body, in bytes; of an upload, beside the file.
inline constexpr std::size_t max_body = 1 << 20;

/// Fields in the form the database takes, and what was wrong with the others.
struct Input {
    json::object fields;
    Errors errors;
};

/// A JSON text of RFC 8259, with a key that stands twice noted in errors (`a.b`: inside of a). Throws a 400 where it is
/// no JSON, too deep or too large.
json::value parse_json(std::string_view text, Errors& errors);

/// Reads the body of a request. For a creation (POST) fields that were left out get their C++ defaults; otherwise they
/// stay out. `out` tells fields that exist from those that do not. Throws 413 and 415.
Input read_input(Request& request, const Shape& in, const Shape& out);

class Incoming;

/// Reads an upload: a multipart form with the file as a part, or the file alone with its fields in the query string.
/// The file is streamed into the storage, its SHA-256 is the file's field. A body of JSON or of an urlencoded form is
/// taken for a file where the query says its name, or where the file is all that there is to say. Throws 413 where body
/// or file are larger than largest (bytes), 507, and a 400 before anything is stored where the query alone is at fault.
Input read_upload(Request& request, const Shape& in, const Shape& out, std::int64_t largest,
                  std::unique_ptr<Incoming>& file);

/// What read_input() does, for fields that are already apart; the method decides what is required.
Input check_fields(const json::object& given, Source source, std::string_view method, const Shape& in,
                   const Shape& out);

/// Decodes `a=b&c=d`. Throws 400 where an escape is broken, the text is not UTF-8 or carries U+0000.
std::vector<std::pair<std::string, std::string>> decode_query(std::string_view query);
/// Encodes for a query: unreserved characters of RFC 3986 2.3 stay.
std::string encode_query(std::string_view text);

}  // namespace api
