// Filters: what a list's query string asks of its rows.
#pragma once
#include "sql/statement.hpp"

namespace api {

/// The ways beside equality in which a list can be filtered by a member, as they stand behind `__`.
std::vector<std::string_view> ways_of(const Member& member);

/// `a,b` as `a` and `b`.
std::vector<std::string> split(std::string_view text);
/// A JSON value as the text of a parameter.
std::string text_of(const json::value& value);

/// Makes conditions of the query string's parameters, one after the other.
struct Filters {
    const Operation& op;
    PageQuery& query;
    Parameters& parameters;
    Errors& errors;

    /// Adds a condition to the query, and its values to the parameters; or what is wrong with it to the errors.
    void read(const std::string& name, const std::string& text);

private:
    bool offers(std::string_view name) const;
    std::string searched() const;
    std::string found(const std::string& text, const std::string& parameter);
    bool chooses(const std::string& name, const std::string& text);
    void by_member(const std::string& name, const std::string& text);
};

}  // namespace api
