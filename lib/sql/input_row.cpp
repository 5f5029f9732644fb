// Writes the part `input`, column by column.
#include "sql/input_row.hpp"

#include <vector>

#include "base/text.hpp"
#include "schema/sql_text.hpp"
#include "sql/template.hpp"

namespace api {

using sql_text::quoted;

namespace {

/// A select of the columns that a body can set. Each column is written from its member's name.
std::string select_of(const Shape& body, std::string_view column) {
    std::vector<std::string> columns;
    for (const Member& member : body)
        if (member.is_settable_column())
            columns.push_back(fill(column, {{"name", member.name}, {"column", quoted(member.name)}}));
    return fill("select {columns}", {{"columns", join(columns, ",\n")}});
}

}  // namespace

std::string sent_row(const Shape& body) { return select_of(body, ":body.{name} as {column}"); }

std::string changed_row(const Shape& body) {
    return select_of(body, "case when :sent.{name} then :body.{name} else it.{column} end as {column}");
}

}  // namespace api
