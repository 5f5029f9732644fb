// The interface of every field type: the sources of its values, and what the library must know about it.
#pragma once
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

namespace api {

namespace json = boost::json;

/// The source of a value: JSON has types; a form field or a query parameter is always a string.
enum class Source { json, text };

/// What the library knows about a type. Every specialisation has
///   schema()      its JSON Schema (draft 2020-12);
///   check(v, s)   converts v into the form that the database takes; returns an error sentence or an empty text;
///   load(v)       the C++ value of a checked v;
///   dump(t)       the JSON of a C++ value, for defaults;
///   write(o, c)   appends the JSON of a column's text to an answer.
template <class T>
struct Type;

/// Set by the server: part of answers; in a body the error is `This field cannot be set.`
template <class T>
struct ReadOnly {
    T value{};
};
/// Optional in a creation, where the statement then fills it in; never null.
template <class T>
struct Filled {
    T value{};
};
/// Required, also in a PATCH.
template <class T>
struct Required {
    T value{};
};

namespace types {

/// Appends the text of a column as a JSON string, quoted and escaped.
void write_text(std::string& out, std::string_view column);
/// Appends the text of a column as it is: numbers and jsonb.
void write_verbatim(std::string& out, std::string_view column);

}  // namespace types
}  // namespace api
