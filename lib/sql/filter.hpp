// Filters: which rows of a list its query string leaves.
#pragma once
#include "sql/page_query.hpp"

namespace api {

/// The ways beside equality in which a list can be filtered by a member, as they are written after `__`.
std::vector<std::string_view> ways_of(const Member& member);

/// Makes conditions of the parameters of a query string, one after the other.
class Filters {
public:
    /// All must outlive it.
    Filters(const Operation& operation, PageQuery& query, Parameters& values, Errors& errors)
        : op_(operation), query_(query), values_(values), errors_(errors) {}

    /// Adds the parameter's condition and value to query and values, or what is wrong to errors.
    void read(const std::string& name, const std::string& text);

private:
    /// A filter by one member: `status__in=Pending,Complete`.
    struct ByMember {
        const Member& member;
        const std::string& text;
        std::string parameter;
        std::string column;
        /// A day or a moment that may be null has its indexes where null is infinity: that is on neither side of a
        /// value.
        bool null_is_infinity = false;

        std::string key(std::string_view infinity) const;
    };

    bool is_offered(std::string_view name) const;
    /// Whether it is one of the endpoint's choices; its condition is added, or it is refused.
    bool read_choice(const std::string& name, const std::string& text);
    // each returns what is wrong, or nothing
    std::string search(const std::string& text, const std::string& parameter);
    std::string by_member(const Member& member, std::string_view way, const std::string& name, const std::string& text);
    std::string equal(const ByMember& by);
    std::string compare(const ByMember& by, std::string_view sign, std::string_view infinity);
    std::string any_of(const ByMember& by);
    std::string is_null(const ByMember& by);
    /// The condition that the text is a part of what is searched.
    std::string is_part(const std::string& text, const std::string& parameter);
    /// The condition that it equals one value, or one of several.
    std::string equals(const std::string& key, const std::vector<std::string>& values, const std::string& parameter);

    const Operation& op_;
    PageQuery& query_;
    Parameters& values_;
    Errors& errors_;
};

}  // namespace api
