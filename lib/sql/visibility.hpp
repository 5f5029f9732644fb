// Turns a resource's ways to see a row into SQL conditions.
#pragma once
#include <string>
#include <vector>

#include "schema/resource.hpp"

namespace api::visibility {

/// The index of words that a search may use for the rows of one way to see them. An index that has the words of rows
/// that the caller may not see would tell of them by the time of a search.
enum class WordIndex {
    none,       ///< rows that depend on the caller: they are read one after the other, by an index of their own
    of_all,     ///< all rows of the table, or none
    of_public,  ///< rows that all users see: Searched::public_by
};

/// One way to see a row.
struct Way {
    std::string sql;  ///< over `it` and `me`
    WordIndex index = WordIndex::none;
};

/// All ways to see a row: those of the resource, then those of the objects that it is attached to.
std::vector<Way> ways(const Resource& resource);

/// The condition under which the caller may see the row `it`, combined with `also` if that is not empty.
std::string condition(const Resource& resource, std::string_view also = "");

/// The same SQL with another alias instead of `it`.
std::string renamed(std::string_view sql, std::string_view alias);

}  // namespace api::visibility
