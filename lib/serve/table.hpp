// A list as one table of CSV: all of its rows, read in parts within one snapshot and spooled to a file.
#pragma once
#include <functional>

#include "base/spool.hpp"
#include "http/message.hpp"
#include "sql/page_request.hpp"

namespace api::table {

/// How many rows of this shape are read at a time: what all tables together may have in memory, as the limits of their
/// texts allow it, is 96 MiB of the unit's MemoryMax (systemd/sandbox.conf), however the rows are filled. At most
/// 1,000, and at least 50, also where those are more.
int rows_at_once(const Shape& shape);

/// Reads the rows of a page.
using ReadRows = std::function<Rows(const PageRequest&)>;

/// Spools the whole list. Half of the workers at most make and send tables at the same time, so that a few long ones do
/// not keep all other requests waiting: 503 otherwise, and 507 where there is no room on the disk. A table keeps its
/// place until it is sent, with the last owner of what is returned.
std::shared_ptr<const Spool> spooled(const Operation& operation, PageRequest page, const ReadRows& read_rows);

}  // namespace api::table
