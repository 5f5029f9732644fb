// The parts of a page request that determine the text of its SQL. Its values are in PageRequest (page_request.hpp).
#pragma once
#include "sql/statement.hpp"

namespace api {

/// Everything that determines the text of a page's statement. All texts come from the endpoint; values are parameters.
struct PageQuery {
    struct Term {
        const Member* member;
        bool descending;
    };
    /// A filter for a part of a text, or for words.
    struct TextFilter {
        std::string walked;  ///< SQL over `it`, for rows that are read one after the other
        /// SQL over `texts`, the row of the resource's table of texts, which an index answers. It holds for each row
        /// for which `walked` holds; if `is_exact`, for no other.
        std::string found;
        bool is_exact = false;
    };
    std::vector<std::string> conditions;  ///< SQL over `it`
    std::vector<TextFilter> texts;        ///< further conditions
    std::vector<std::string> sought;      ///< what `texts` seek: calls of functions, the columns of the part `sought`
    std::vector<Term> order;              ///< without the id, which ends every order
    bool id_descending = true;
    bool after_cursor = false;  ///< begins after the keys in the parameters cursor.0 … and cursor.id
    bool backwards = false;     ///< read the page before the cursor
    bool counted = true;        ///< compute `total`: the number of rows, up to most_counted + 1 unless exact
    bool exact = false;
    bool searches = false;         ///< has a filter for a part of a text, in `conditions`
    int nearest = 1'000;           ///< how many rows a search reads one after the other before it uses an index
    bool has_custom_plan = false;  ///< the best plan depends on the values, so it is planned for each request
};

/// The rows of a list are counted up to this number, unless the query string has count=exact.
inline constexpr int most_counted = 1'000;

}  // namespace api
