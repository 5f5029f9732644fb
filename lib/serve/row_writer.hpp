// Writes database rows as JSON objects and as lines of CSV.
#pragma once
#include "schema/shape.hpp"
#include "sql/database.hpp"

namespace api {

/// Appends a row as a JSON object. Afterwards, `column` is the first column after the object.
void write_object(std::string& out, const Shape& shape, const Rows& rows, std::size_t row, std::size_t& column);

/// Appends a row as a line of CSV. Afterwards, `column` is the first column after the object.
void write_line(std::string& out, const Shape& shape, const Rows& rows, std::size_t row, std::size_t& column);

}  // namespace api
