// Filters: select the rows of a list by the query string.
#pragma once
#include "sql/page_query.hpp"

namespace api {

/// The ways in which a list can be filtered by a member, other than equality, as they are written after `__`.
std::vector<std::string_view> ways_of(const Member& member);

/// Turns the parameters of a query string into conditions, one after the other.
class Filters {
public:
    /// All arguments must outlive this object.
    Filters(const Operation& operation, PageQuery& query, Parameters& values, Errors& errors)
        : op_(operation), query_(query), values_(values), errors_(errors) {}

    /// Adds the parameter's condition and value to `query` and `values`, or a message to `errors`.
    void read(const std::string& name, const std::string& text);

private:
    /// A filter by one member: `status__in=Pending,Complete`.
    struct ByMember {
        const Member& member;
        const std::string& text;
        std::string parameter;
        std::string column;
        /// Indexes on a nullable date or time contain infinity instead of null. So a null is neither before nor after
        /// any value.
        bool null_is_infinity = false;

        std::string key(std::string_view infinity) const;
    };

    bool is_offered(std::string_view name) const;
    /// Whether the parameter is one of the endpoint's choices. If so, adds its condition or an error.
    bool read_choice(const std::string& name, const std::string& text);
    // each function returns an error message, or an empty text
    std::string search(const std::string& text, const std::string& parameter);
    std::string by_member(const Member& member, std::string_view way, const std::string& name, const std::string& text);
    std::string equal(const ByMember& by);
    std::string compare(const ByMember& by, std::string_view sign, std::string_view infinity);
    std::string any_of(const ByMember& by);
    std::string is_null(const ByMember& by);
    std::string has_part(const ByMember& by);
    /// The condition that the key equals one of the values.
    std::string equals(const std::string& key, const std::vector<std::string>& values, const std::string& parameter);
    /// The same for a choice.
    static std::string equals_choice(const std::string& column, std::vector<std::string> values);

    const Operation& op_;
    PageQuery& query_;
    Parameters& values_;
    Errors& errors_;
};

}  // namespace api
