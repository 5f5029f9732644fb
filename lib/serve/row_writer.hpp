// Rows of the database as JSON objects and as lines of CSV.
#pragma once
#include "schema/shape.hpp"
#include "sql/database.hpp"

namespace api {

/// Appends a row as a JSON object; column moves to the one after the object's last.
void write_object(std::string& out, const Shape& shape, const Rows& rows, std::size_t row, std::size_t& column);

/// Appends a row as a line of CSV; column moves to the one after the object's last.
void write_line(std::string& out, const Shape& shape, const Rows& rows, std::size_t row, std::size_t& column);

}  // namespace api
