// Lists as CSV (RFC 4180): lines, and cells that a spreadsheet cannot mistake for formulas.
#pragma once
#include "sql/database.hpp"
#include "base/spool.hpp"
#include "schema/endpoint.hpp"

namespace api {

namespace csv {

/// How many rows of this shape are asked for at a time: what all lists together may have in memory, as the limits of
/// their texts allow it, is 96 MiB of the unit's MemoryMax (systemd/sandbox.conf), however the rows are filled. At most
/// 1,000, and at least 50, also where those are more.
int rows_at_once(const Shape& shape);

/// Whether an operation also answers as CSV: a list does, and an answer that is made of lists of small objects.
bool is_offered(const Operation& operation);

/// An answer whose members are all Items, as one table: the name of the list, then the members of its items; those that
/// only others have are empty. A member that several lists have is one column.
std::string lists(const Shape& shape, const std::vector<std::string_view>& columns);

/// The line of names; a nested object's members have its name and a dot in front.
std::string header(const Shape& shape);
/// A row; column moves behind the object's last one.
void write_row(std::string& out, const Shape& shape, const Rows& rows, std::size_t row, std::size_t& column);

}  // namespace csv
}  // namespace api
