// Rows as JSON: one object, and lists: what the query string asks for and the page that answers it.
#pragma once
#include "sql/statement.hpp"

namespace api {

class Spool;

/// One page as it was asked for, checked.
struct PageRequest {
    PageQuery query;
    int size = 20;
    std::optional<std::int64_t> count;  ///< carried by the cursor from the first page
    std::vector<std::pair<std::string, std::string>>
        parameters;      ///< of the query string, for the links, without cursor
    std::string digest;  ///< of what a cursor belongs to
};

/// Reads a query string; puts the values of filters and cursor into parameters. Throws a 400 that names every parameter
/// that is unknown, given twice or wrong. Whole: the list is wanted with all of its rows, csv::rows_at_once at a time.
PageRequest read_page(std::string_view query_string, const Operation& operation, Parameters& parameters,
                      bool whole = false);

/// `{"count", "next", "previous", "results"}`; url is that of the list without its query.
std::string write_page(const PageRequest& page, const Operation& operation, const Rows& rows, const std::string& url);

/// Spools the rows as lines of CSV. True where more follow: then page and parameters ask for them.
bool write_csv(Spool& spool, PageRequest& page, const Operation& operation, const Rows& rows, Parameters& parameters);

/// Appends a row as a JSON object; column moves behind the object's last one.
void write_object(std::string& out, const Shape& shape, const Rows& rows, std::size_t row, std::size_t& column);

}  // namespace api
