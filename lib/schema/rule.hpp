// Rules: conditions of one endpoint under which it refuses a request, beside what the library refuses.
#pragma once
#include <string_view>

#include "base/problem.hpp"

namespace api {

/// A refusal of one endpoint, with its code, status and sentence. A rule with `.when` is a condition of the endpoint's
/// statement, written with names: `{.code = …, .status = …, .when = …, .detail = …}`. Without one it gives
/// code and sentence to a refusal found elsewhere: a violated constraint(), an absent() row, or one thrown() by code.
///
/// `.when` is SQL over `it` (the row as it is; null at a creation), `input` (the row as it would be), `me` (the
/// caller), and the parent by its resource's name. 400 comes before 403, 403 before 412, 409 last.
struct Rule {
    enum class Kind { condition, constraint, absent, thrown };

    std::string_view code;
    int status = 0;
    std::string_view when = "";
    std::string_view detail;      ///< a sentence for people; {} in it is what .name finds
    std::string_view field = "";  ///< of status 400: the field at fault
    std::string_view name = "";   ///< SQL, over the same rows: a name for the sentence
    Kind kind = Kind::condition;
    bool of_parent = false;  ///< `it` in its SQL is the row of .parent, see of_parent()
};

/// A rule of one resource at the creation of what is part of it: its `it` is the row of .parent.
constexpr Rule of_parent(Rule rule) {
    rule.of_parent = true;
    return rule;
}

/// The words for a violated constraint of the database: 409; the code is the constraint's name.
constexpr Rule constraint(std::string_view code, std::string_view detail) {
    return {.code = code, .status = 409, .detail = detail, .kind = Rule::Kind::constraint};
}

/// The words for a row that does not exist or is not visible: 404.
constexpr Rule absent(std::string_view code, std::string_view detail) {
    return {.code = code, .status = 404, .detail = detail, .kind = Rule::Kind::absent};
}

/// What the endpoint's own code throws; {} in the sentence is filled there.
constexpr Rule thrown(std::string_view code, int status, std::string_view detail) {
    return {.code = code, .status = status, .detail = detail, .kind = Rule::Kind::thrown};
}

/// The same for a refusal of the library.
constexpr Rule thrown(const Refusal& refusal) { return thrown(refusal.code, refusal.status, refusal.detail); }

/// What a rule refuses: to be thrown by `.run`, and for the documentation.
constexpr Refusal refusal_of(const Rule& rule) { return {rule.code, rule.status, rule.detail}; }

}  // namespace api
