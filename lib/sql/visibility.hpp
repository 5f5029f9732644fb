// Who may see a row: the conditions that a resource's ways to see it become.
#pragma once
#include <string>
#include <vector>

#include "schema/resource.hpp"

namespace api::visibility {

/// All ways to see a row, as SQL over `it` and `me`: the resource's own, then those to see what it is attached to.
std::vector<std::string> ways(const Resource& resource);

/// The condition under which a row, as `it`, may be seen; and `also`, where that is not empty.
std::string condition(const Resource& resource, std::string_view also = "");

/// SQL over `it` as the same over another alias.
std::string renamed(std::string_view sql, std::string_view alias);

}  // namespace api::visibility
