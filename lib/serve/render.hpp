// The last stage of a request: turns the rows of the statement into a reply with validators.
#pragma once
#include "serve/read.hpp"

namespace api {

/// The reply to an operation about one row: an object, or no content.
Reply render_row(const Operation& operation, const Request& request, const Input& input, const Rows& rows);
/// One page of a list: `{"count", "next", "previous", "results"}`.
Reply render_page(const Operation& operation, const Request& request, const PageRequest& page, const Rows& rows);
/// A list as one CSV table.
Reply render_table(const Operation& operation, std::shared_ptr<const Spool> table);
/// The reply for a value that the endpoint's own code returns.
Reply render_json(const Operation& operation, const json::object& value);

}  // namespace api
