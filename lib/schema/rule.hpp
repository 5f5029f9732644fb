// Rules: conditions under which one endpoint refuses a request, in addition to the errors of the library.
#pragma once
#include <string_view>

#include "base/problem.hpp"

namespace api {

/// An error of one endpoint, with its code, status and sentence. A rule with `.when` is a condition in the endpoint's
/// statement, written with field names: `{.code = …, .status = …, .when = …, .detail = …}`. A rule without `.when`
/// gives the code and sentence of an error found elsewhere: a violated constraint(), an absent() row, or an error that
/// C++ code has thrown().
///
/// `.when` is SQL over `it` (the row as it is; null in a creation), `input` (the row as it would be), `me` (the
/// caller), and the parent under the name of its resource. 400 is checked before 403, 403 before 412, and 409 last.
struct Rule {
    enum class Kind { condition, constraint, absent, thrown };

    std::string_view code;
    int status = 0;
    std::string_view when = "";
    std::string_view detail;      ///< a sentence for people; {} is replaced by the result of .name
    std::string_view field = "";  ///< with status 400: the field that is not valid
    std::string_view name = "";   ///< SQL over the same rows: a name for the sentence
    Kind kind = Kind::condition;
    bool of_parent = false;  ///< `it` in its SQL is the row of .parent; see of_parent()
};

/// A rule of a resource, applied when an object that is part of it is created: its `it` is the row of .parent.
constexpr Rule of_parent(Rule rule) {
    rule.of_parent = true;
    return rule;
}

/// The error for a violated constraint of the database: 409; the code is the name of the constraint.
constexpr Rule constraint(std::string_view code, std::string_view detail) {
    return {.code = code, .status = 409, .detail = detail, .kind = Rule::Kind::constraint};
}

/// The error for a row that does not exist or is not visible: 404.
constexpr Rule absent(std::string_view code, std::string_view detail) {
    return {.code = code, .status = 404, .detail = detail, .kind = Rule::Kind::absent};
}

/// An error that the endpoint's own code throws; that code replaces {} in the sentence.
constexpr Rule thrown(std::string_view code, int status, std::string_view detail) {
    return {.code = code, .status = status, .detail = detail, .kind = Rule::Kind::thrown};
}

/// The same with an error of the library.
constexpr Rule thrown(const Refusal& refusal) { return thrown(refusal.code, refusal.status, refusal.detail); }

/// The error of a rule: for `.run` to throw, and for the documentation.
constexpr Refusal refusal_of(const Rule& rule) { return {rule.code, rule.status, rule.detail}; }

}  // namespace api
