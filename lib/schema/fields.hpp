// Checks the fields of a body against its shape: every error is reported, no field is ignored.
#pragma once
#include "base/problem.hpp"
#include "schema/shape.hpp"

namespace api {

/// The valid fields in the form that the database takes, and the errors of the others.
struct CheckedFields {
    json::object fields;
    Errors errors;
};

/// Checks the fields that a client sent. The method decides which are required. For a creation (POST), absent fields
/// get their C++ defaults; otherwise they stay absent. The shape of the answer distinguishes a field that cannot be set
/// from one that does not exist.
CheckedFields check_fields(const json::object& given, Source source, std::string_view method, const Shape& body,
                           const Shape& answer);

/// A checked value as the text of a parameter: a string as it is, anything else as JSON.
std::string text_of(const json::value& value);

}  // namespace api
