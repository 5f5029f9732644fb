// The row as it would be, as the rules and the work of a statement see it: `input`.
#pragma once
#include "schema/shape.hpp"

namespace api {

/// The select of what was sent: the row that a creation would make.
std::string sent_row(const Shape& body);
/// The same over the row `it`: the row as a change would leave it. A field that was not sent keeps its value.
std::string changed_row(const Shape& body);

}  // namespace api
