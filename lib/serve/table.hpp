// A list as one CSV table: all of its rows, read in parts within one snapshot and spooled to a file.
#pragma once
#include <functional>

#include "base/spool.hpp"
#include "http/message.hpp"
#include "sql/page_request.hpp"

namespace api::table {

/// How many rows of this shape are read at a time. All tables together may use 96 MiB of the unit's MemoryMax
/// (systemd/sandbox.conf), even if every text of every row has its greatest length. The result is at most 1,000 and at
/// least 50, even if 50 rows can be larger.
int rows_at_once(const Shape& shape);

/// Reads the rows of a page.
using ReadRows = std::function<Rows(const PageRequest&)>;

/// Spools the whole list. At most half of the workers create and send tables at the same time, so that a few long
/// tables do not block all other requests. Throws 503 if there are more, and 507 if the disk is full. A table keeps its
/// place until the last owner of the returned pointer has released it, after the table was sent.
std::shared_ptr<const Spool> spooled(const Operation& operation, PageRequest page, const ReadRows& read_rows);

}  // namespace api::table
