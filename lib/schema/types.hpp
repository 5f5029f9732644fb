// All field types: which values are valid, how they are read from JSON or text, and how they are written to an answer.
#pragma once
#include <string>
#include <string_view>

#include "schema/choice_types.hpp"
#include "schema/number_types.hpp"
#include "schema/text_types.hpp"
#include "schema/time_types.hpp"
#include "schema/type.hpp"

namespace api {

/// The file of an upload, as a member of a body. It is streamed into the storage (files/storage.hpp). The SQL has
/// :system.file_sha256, .file_size (bytes) and .file_type (detected from the bytes) instead.
struct File {};
/// Any JSON, from a `jsonb`; only in answers.
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
