// Parses the SQL of endpoints: finds named parameters, permissions and parts outside of strings.
#pragma once
#include <string>
#include <string_view>

namespace api::sql_text {

constexpr bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

/// Whether a character can be part of a name; a dot joins the two parts of a name.
constexpr bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

/// The beginning of has_permission(code) in SQL.
inline constexpr std::string_view has_permission = "has_permission(";

/// Walks SQL text outside of its strings. Calls on_name(name) for each `:name` or `:group.name`, on_permission(code)
/// for each `has_permission(code)`, and on_else(character) for all other text. Throws a sentence if the text has syntax
/// that could hide a name: comments, dollar quotes, numbered parameters, a string that is not closed.
template <class OnName, class OnPermission, class OnElse>
constexpr void scan(std::string_view sql, OnName on_name, OnPermission on_permission, OnElse on_else) {
    for (std::size_t i = 0; i < sql.size();) {
        const char c = sql[i];
        if (c == '\'') {
            const std::size_t end = sql.find('\'', i + 1);
            if (end == sql.npos) throw "A string in the SQL of an endpoint is not closed.";
            for (; i <= end; ++i) on_else(sql[i]);
            continue;
        }
        if (c == '$' || (c == '-' && i + 1 < sql.size() && sql[i + 1] == '-') ||
            (c == '/' && i + 1 < sql.size() && sql[i + 1] == '*'))
            throw "The SQL of an endpoint must not have comments, dollar quotes or numbered parameters.";
        if (c == ':' && i + 1 < sql.size() && sql[i + 1] == ':') {
            on_else(':'), on_else(':');
            i += 2;
            continue;
        }
        if (c == ':' && i + 1 < sql.size() && is_name(sql[i + 1])) {
            std::size_t end = i + 1;
            while (end < sql.size() && is_name(sql[end])) ++end;
            on_name(sql.substr(i + 1, end - i - 1));
            i = end;
            continue;
        }
        if (sql.substr(i, has_permission.size()) == has_permission && (i == 0 || !is_name(sql[i - 1]))) {
            const std::size_t end = sql.find(')', i);
            if (end == sql.npos) throw "A has_permission( in the SQL of an endpoint is not closed.";
            on_permission(sql.substr(i + has_permission.size(), end - i - has_permission.size()));
            i = end + 1;
            continue;
        }
        on_else(c);
        ++i;
    }
}

/// Whether the SQL has a part with this name: `name as (` or `name as materialized (`.
constexpr bool has_part(std::string_view sql, std::string_view name) {
    for (std::size_t at = sql.find(name); at != sql.npos; at = sql.find(name, at + 1)) {
        const std::string_view rest = sql.substr(at + name.size());
        if ((rest.substr(0, 5) == " as (" || rest.substr(0, 18) == " as materialized (") &&
            (at == 0 || !is_name(sql[at - 1])))
            return true;
    }
    return false;
}

/// A quoted SQL identifier, which is safe also for reserved words.
inline std::string quoted(std::string_view name) { return '"' + std::string(name) + '"'; }

/// A text as an SQL literal. (standard_conforming_strings is on, so a backslash is no escape.)
inline std::string literal(std::string_view text) {
    std::string sql = "'";
    for (const char c : text) sql.append(c == '\'' ? 2 : 1, c);
    return sql + "'";
}

}  // namespace api::sql_text
