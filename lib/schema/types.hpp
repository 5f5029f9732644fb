// Every type of field: what a value may be, how it is read from JSON or text, and how it is written to an answer.
#pragma once
#include <string>
#include <string_view>

#include "schema/choice_types.hpp"
#include "schema/number_types.hpp"
#include "schema/text_types.hpp"
#include "schema/time_types.hpp"
#include "schema/type.hpp"

namespace api {

/// The file of an upload, as a member of a body: it is streamed into the storage (files/storage.hpp), and the SQL has
/// :file_sha256, :file_size (bytes) and :file_type (detected from the bytes) in its place.
struct File {};
/// Any JSON, from a `jsonb`; answers only.
struct Json {
    json::value value;
};

template <>
struct Type<Json> {
    static json::object schema() { return {{"type", "object"}}; }
    static std::string check(json::value&, Source) { return "This field cannot be set."; }
    static Json load(const json::value& v) { return {v}; }
    static json::value dump(const Json& t) { return t.value; }
    static void write(std::string& out, std::string_view column) { types::write_verbatim(out, column); }
};

template <>
struct Type<File> {
    static json::object schema() { return {{"type", "string"}, {"format", "binary"}}; }
    static std::string check(json::value& v, Source) { return v.is_string() ? "" : "No file was sent."; }
    static File load(const json::value&) { return {}; }
    static json::value dump(File) { return nullptr; }
    static void write(std::string& out, std::string_view column) { types::write_text(out, column); }
};

}  // namespace api
