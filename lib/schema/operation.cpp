// Properties that follow from the facts of an endpoint.
#include "schema/operation.hpp"

#include <algorithm>

namespace api {

bool Operation::has_file() const {
    return std::ranges::any_of(body, [](const Member& m) { return m.is_file; });
}

bool Operation::offers_csv() const {
    return is_page || (!answer.empty() && std::ranges::all_of(answer, [](const Member& m) { return !m.item.empty(); }));
}

int Operation::success(std::string_view method) const {
    if (spec.status) return spec.status;
    if (answer.empty()) return 204;
    return method == "POST" && !id_in_path ? 201 : 200;
}

const Rule* Operation::find_rule(std::string_view code) const {
    auto found = std::ranges::find_if(spec.rules, [&](const Rule& rule) { return rule.code == code; });
    return found == spec.rules.end() ? nullptr : found;
}

}  // namespace api
