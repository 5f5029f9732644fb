// The format CSV (RFC 4180): lines, and cells that a spreadsheet cannot mistake for formulas.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "schema/shape.hpp"

namespace api::csv {

/// Ends every line.
inline constexpr std::string_view line_end = "\r\n";

/// The line of names; a nested object's members have its name and a dot in front.
std::string header(const Shape& shape);

/// Appends a cell, given as JSON: a string loses its quotes, a list or an object stays JSON.
void write_cell(std::string& out, std::string_view json_text);

/// An answer whose members are all Items, as one table: the name of the list, then the members of its items; those that
/// only others have are empty. A member that several lists have is one column.
std::string lists(const Shape& shape, const std::vector<std::string_view>& columns);

}  // namespace api::csv
