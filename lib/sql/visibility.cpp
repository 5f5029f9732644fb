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

namespace {

/// Whether the way is the same for all rows.
bool is_of_all(std::string_view way) {
    return way == "true" || (way.starts_with(sql_text::has_permission) && way.find(')') == way.size() - 1);
}

bool is_public(const Resource& resource, std::string_view column) {
    return std::ranges::find(resource.searched.public_by, column) != resource.searched.public_by.end();
}

}  // namespace

std::vector<Way> ways(const Resource& resource) {
    const auto index = [&](bool holds, WordIndex which) {
        return holds && !resource.searched.texts.empty() ? which : WordIndex::none;
    };
    std::vector<Way> all;
    for (std::string_view way : resource.visible) {
        const bool is_one = std::ranges::any_of(resource.searched.public_by, [&](std::string_view column) {
            return way == "it." + std::string(column) + " is not null";
        });
        all.push_back(
            {std::string(way), is_one ? index(true, WordIndex::of_public) : index(is_of_all(way), WordIndex::of_all)});
    }
    // one condition for each way to see the other row, so that the planner can begin with that row
    for (const Attachment& to : resource.attached)
        for (std::string_view way : to.resource->visible)
            all.push_back({fill("it.{column} is not null and exists (select from {table} attached"
                                " where attached.id = it.{column} and ({way}))",
                                {{"column", quoted(to.column)},
                                 {"table", std::string(to.resource->table)},
                                 {"way", renamed(way, "attached")}}),
                           index(way == "true" && is_public(resource, to.column), WordIndex::of_public)});
    return all;
}

std::string condition(const Resource& resource, std::string_view also) {
    std::vector<std::string> all;
    for (Way& way : ways(resource)) all.push_back(std::move(way.sql));
    // conditions on the row itself are cheaper than permissions, so they come first
    std::ranges::stable_partition(
        all, [](const std::string& way) { return !sql_text::contains(way, sql_text::has_permission); });
    const std::string any = "(" + join(all, " or ") + ")";
    return also.empty() ? any : any + " and " + std::string(also);
}

}  // namespace api::visibility
