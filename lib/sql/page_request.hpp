// The page that a query string requests: filters, ordering, size and cursor, checked.
#pragma once
#include <optional>

#include "schema/route.hpp"
#include "sql/page_query.hpp"

namespace api {

/// One requested page of a list.
struct PageRequest {
    PageQuery query;
    Parameters values;  ///< the parameters of the query's conditions
    int size = 20;
    std::optional<std::int64_t> count;  ///< from the first page, carried by the cursor
    std::vector<std::pair<std::string, std::string>>
        parameters;      ///< of the query string without the cursor, for the links
    std::string digest;  ///< of the list that a cursor belongs to
};

/// Reads a query string. Throws a 400 that names every parameter that is unknown, repeated or invalid. With
/// rows_at_once, all rows of the list are requested, and this many are read at a time.
PageRequest read_page(std::string_view query_string, const Operation& operation, const PathParameters& path,
                      std::optional<int> rows_at_once = std::nullopt);

/// The value that replaces null in a cursor, the same as in sort_key().
inline const char* null_key(bool descending) { return descending ? "-infinity" : "infinity"; }

/// Makes the request continue after the row with these keys.
void continue_after(PageRequest& page, const std::vector<std::string>& keys);

}  // namespace api
