// The fields of a body, checked against its shape: every fault is named, nothing is ignored.
#pragma once
#include "base/problem.hpp"
#include "schema/shape.hpp"

namespace api {

/// Fields in the form that the database takes, and what is wrong with the others.
struct CheckedFields {
    json::object fields;
    Errors errors;
};

/// Checks the fields that a client sent. The method decides what is required; for a creation (POST) fields that were
/// left out get their C++ defaults, otherwise they stay out. The shape of the answer tells a field that cannot be set
/// from one that does not exist.
CheckedFields check_fields(const json::object& given, Source source, std::string_view method, const Shape& body,
                           const Shape& answer);

/// A checked value as the text of a parameter: a string as it is, anything else as JSON.
std::string text_of(const json::value& value);

}  // namespace api
