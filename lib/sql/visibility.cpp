// Writes the conditions under which rows are visible.
#include "sql/visibility.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "schema/sql_text.hpp"
#include "sql/template.hpp"

namespace api::visibility {

using sql_text::quoted;

std::string renamed(std::string_view sql, std::string_view alias) {
    std::string text;
    for (std::size_t i = 0; i < sql.size();) {
        if (sql.substr(i, 3) == "it." && (i == 0 || !sql_text::is_name(sql[i - 1]))) {
            text += std::string(alias) + '.';
            i += 3;
        } else {
            text += sql[i++];
        }
    }
    return text;
}

std::vector<std::string> ways(const Resource& resource) {
    std::vector<std::string> all(resource.visible.begin(), resource.visible.end());
    // one condition for each way to see the other row, so that the planner can begin with that row
    for (const Attachment& to : resource.attached)
        for (std::string_view way : to.resource->visible)
            all.push_back(
                fill("it.{column} is not null and exists (select from {table} attached"
                     " where attached.id = it.{column} and ({way}))",
                     {{"column", quoted(to.column)},
                      {"table", std::string(to.resource->table)},
                      {"way", renamed(way, "attached")}}));
    return all;
}

std::string condition(const Resource& resource, std::string_view also) {
    std::vector<std::string> all = ways(resource);
    // conditions on the row itself are cheaper than permissions, so they come first
    std::ranges::stable_partition(
        all, [](const std::string& way) { return !sql_text::contains(way, sql_text::has_permission); });
    const std::string any = "(" + join(all, " or ") + ")";
    return also.empty() ? any : any + " and " + std::string(also);
}

}  // namespace api::visibility
