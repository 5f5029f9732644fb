// The reasons why a statement refuses its work: references to objects that are not visible, and broken rules.
#pragma once
#include "schema/operation.hpp"

namespace api {

/// A refusal as a statement returns it: jsonb with `code`, and with `name`, `fields` or `rules` if its sentence needs
/// them.
std::string refusal_literal(std::string_view code);

/// Writes the refusals of one operation as SQL expressions, whose value is jsonb, or null if nothing is refused.
class RefusalBuilder {
public:
    /// The operation must outlive it.
    explicit RefusalBuilder(const Operation& operation) : op_(operation) {}

    /// One refusal for all fields of `input` that do not refer to an object that the caller may see. Empty if the body
    /// has no references.
    std::string missing_references() const;
    /// The rule that forbids the work, in this order: 400, 403 and 404, 412, 409. For a change, it is evaluated on the
    /// newest version of the row, after waiting for the lock. So `input` is a scalar subquery over `it`: a joined row
    /// would keep its old values.
    std::string broken_rules() const;

private:
    std::string missing_reference(const Member& member) const;
    /// One refusal for all broken rules of status 400. Empty if the operation has no such rules.
    std::string broken_fields() const;
    /// `when … then …` with the refusal of one rule.
    std::string case_of(const Rule& rule) const;
    /// SQL of a rule, over the row that the rule is about.
    std::string sql_of(const Rule& rule, std::string_view sql) const;

    const Operation& op_;
};

}  // namespace api
