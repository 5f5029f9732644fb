// Checks of lists of small objects.
#include "schema/items.hpp"

#include "base/json.hpp"

namespace api::types {

std::string check_items(json::value& value, Source source, const Shape& item) {
    if (source == Source::text) {
        Errors twice;
        try {
            value = parse_json(std::string_view(value.get_string()), twice);
        } catch (const Problem&) {
            return "Expected a list of objects, as JSON.";
        }
        if (!twice.empty()) return "A key appears more than once: " + twice.begin()->first + ".";
    }
    if (!value.is_array()) return "Expected a list of objects.";
    if (value.get_array().size() > most_items)
        return "Ensure this field has no more than " + std::to_string(most_items) + " elements.";
    std::string wrong;
    auto refuse = [&](const std::string& what) { wrong += (wrong.empty() ? "" : " ") + what; };
    std::size_t number = 0;
    for (json::value& each : value.get_array()) {
        const std::string place = "Item " + std::to_string(++number) + ": ";
        if (!each.is_object()) {
            refuse(place + "Expected an object.");
            continue;
        }
        CheckedFields checked = check_fields(each.get_object(), Source::json, "POST", item, item);
        for (const auto& [field, messages] : checked.errors)
            for (const std::string& message : messages) refuse(place + field + ": " + message);
        each = std::move(checked.fields);
    }
    return wrong;
}

}  // namespace api::types
