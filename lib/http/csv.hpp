// Writes CSV (RFC 4180), with cells that a spreadsheet does not treat as formulas.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "schema/shape.hpp"

namespace api::csv {

/// Ends every line.
inline constexpr std::string_view line_end = "\r\n";

/// The header line with the names; members of a nested object are prefixed with its name and a dot.
std::string header(const Shape& shape);

/// Appends a cell, given as JSON: a string is written without its quotes, a list or an object as JSON.
void write_cell(std::string& out, std::string_view json_text);

/// An answer whose members are all Items, as one table. Each line has the name of the list, then the members of one
/// item. A member of several lists is one column; members that the list does not have are empty.
std::string lists(const Shape& shape, const std::vector<std::string_view>& columns);

}  // namespace api::csv
