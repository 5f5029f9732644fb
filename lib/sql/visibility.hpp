// Turns a resource's ways to see a row into SQL conditions.
#pragma once
#include <string>
#include <vector>

#include "schema/resource.hpp"

namespace api::visibility {

/// All ways to see a row, as SQL over `it` and `me`: those of the resource, then those of the objects that it is
/// attached to.
std::vector<std::string> ways(const Resource& resource);

/// The condition under which the caller may see the row `it`, combined with `also` if that is not empty.
std::string condition(const Resource& resource, std::string_view also = "");

/// The same SQL with another alias instead of `it`.
std::string renamed(std::string_view sql, std::string_view alias);

}  // namespace api::visibility
