// A page as the query string asks for it: filters, ordering, size and cursor, checked.
#pragma once
#include <optional>

#include "schema/route.hpp"
#include "sql/page_query.hpp"

namespace api {

/// One page of a list, as it was asked for.
struct PageRequest {
    PageQuery query;
    Parameters values;  ///< of the query's conditions
    int size = 20;
    std::optional<std::int64_t> count;  ///< carried by the cursor from the first page
    std::vector<std::pair<std::string, std::string>>
        parameters;      ///< of the query string, for the links, without cursor
    std::string digest;  ///< of what a cursor belongs to
};

/// Reads a query string. Throws a 400 that names every parameter that is unknown, given twice or wrong. With
/// rows_at_once the list is wanted with all of its rows, so many at a time.
PageRequest read_page(std::string_view query_string, const Operation& operation, const PathParameters& path,
                      std::optional<int> rows_at_once = std::nullopt);

/// What the null of a nullable member is in a cursor, as sort_key() has it.
inline const char* null_key(bool descending) { return descending ? "-infinity" : "infinity"; }

/// Asks for the page after a row's keys.
void continue_after(PageRequest& page, const std::vector<std::string>& keys);

}  // namespace api
