// Why a statement refuses its work: references to nothing that is visible, and rules that are broken.
#pragma once
#include "schema/operation.hpp"

namespace api {

/// A refusal as a statement returns it: jsonb with `code`, and where a sentence needs them `name`, `fields` or `rules`.
std::string refusal_literal(std::string_view code);

/// Writes the refusals of one operation as SQL expressions: jsonb, or null where nothing is refused.
class RefusalBuilder {
public:
    /// The operation must outlive it.
    explicit RefusalBuilder(const Operation& operation) : op_(operation) {}

    /// The fields of `input` that refer to nothing that the caller may see, as one refusal. Empty where the body has no
    /// references.
    std::string missing_references() const;
    /// Which rule forbids the work: bad input, what is forbidden, 412, conflicts. Of a change it is evaluated on the
    /// newest row, after a lock was waited for; hence `input` is a scalar subquery over `it`: a joined row would keep
    /// its old values.
    std::string broken_rules() const;

private:
    std::string missing_reference(const Member& member) const;
    /// The rules of status 400, all that are broken at once. Empty where there are none.
    std::string broken_fields() const;
    /// `when … then …`, the refusal of one rule.
    std::string case_of(const Rule& rule) const;
    /// SQL of a rule over the row that it is about.
    std::string sql_of(const Rule& rule, std::string_view sql) const;

    const Operation& op_;
};

}  // namespace api
