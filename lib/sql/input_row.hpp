// The part `input` of a statement: the row as it would be after the request.
#pragma once
#include "schema/shape.hpp"

namespace api {

/// The select of the sent fields: the row that a creation would insert.
std::string sent_row(const Shape& body);
/// The row `it` after the change. A field that was not sent keeps its value.
std::string changed_row(const Shape& body);

}  // namespace api
