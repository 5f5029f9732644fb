// Checks of choices and lists, with the error sentences of Django REST framework.
#include "schema/choice_types.hpp"

#include <cstdint>
#include <ranges>
#include <set>

#include "base/text.hpp"
#include "schema/number_types.hpp"
#include "schema/text_types.hpp"

namespace api::types {

namespace {

/// The parts of a text separated by commas; an empty text has no parts.
json::array list_of(std::string_view text) {
    json::array parts;
    if (!text.empty())
        for (const std::string_view part : split(text, ",")) parts.emplace_back(part);
    return parts;
}

}  // namespace

std::string check_names(json::value& value, Source source) {
    if (source == Source::text) value = list_of(value.get_string());
    if (!value.is_array()) return "Expected a list of names.";
    std::set<std::string_view> seen;
    for (json::value& name : value.get_array()) {
        if (std::string wrong = check_line(name, 1, 200); !wrong.empty()) return wrong;
        if (!seen.insert(name.get_string()).second) return "A name appears more than once.";
    }
    return {};
}

std::string check_ids(json::value& value, Source source, std::size_t min, std::size_t max) {
    if (source == Source::text) value = list_of(value.get_string());
    if (!value.is_array()) return "Expected a list of ids.";
    json::array& ids = value.get_array();
    if (ids.empty() && min > 0) return "This list may not be empty.";
    if (ids.size() < min) return "Ensure this field has at least " + std::to_string(min) + " elements.";
    if (ids.size() > max) return "Ensure this field has no more than " + std::to_string(max) + " elements.";
    std::set<std::int64_t> seen;
    for (json::value& id : ids) {
        if (std::string wrong = check_integer(id, source, 1, INT64_MAX); !wrong.empty()) return wrong;
        if (!seen.insert(id.get_int64()).second) return "An id appears more than once.";
    }
    return {};
}

std::string check_choice(json::value& value, const std::vector<std::pair<std::string, std::string>>& choices) {
    if (!value.is_string()) return "Not a valid string.";
    for (const auto& [accepted, meant] : choices)
        if (std::string_view(value.get_string()) == accepted) return value = meant, std::string();
    return "Not a valid choice. Use one of: " + join(choices | std::views::keys, ", ") + ".";
}

}  // namespace api::types
