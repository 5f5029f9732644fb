// Checks which fields a body may have, which it must have, and the value of each.
#include "schema/fields.hpp"

#include <boost/json/serialize.hpp>

namespace api {

namespace {

constexpr const char* unknown_field = "Unknown field.";
constexpr const char* not_settable = "This field cannot be set.";

}  // namespace

CheckedFields check_fields(const json::object& given, Source source, std::string_view method, const Shape& body,
                           const Shape& answer) {
    CheckedFields checked_fields;
    for (const auto& [key, value] : given) {
        std::string name(key);
        const Member* member = find_member(body, name);
        if (!member) {
            checked_fields.errors[name].emplace_back(find_member(answer, name) ? not_settable : unknown_field);
            continue;
        }
        if (member->read_only || !member->nested.empty()) {
            checked_fields.errors[name].emplace_back(not_settable);
            continue;
        }
        json::value checked = value;
        // a form cannot contain null: an empty value means null
        if (source == Source::text && member->nullable && !member->is_text && !member->is_list &&
            checked.as_string().empty())
            checked = nullptr;
        if (checked.is_null()) {
            if (member->is_clearable())
                checked = member->initial;
            else if (!member->nullable)
                checked_fields.errors[name].emplace_back("This field may not be null.");
        } else if (std::string wrong = member->check(checked, source); !wrong.empty()) {
            checked_fields.errors[name].push_back(std::move(wrong));
        }
        checked_fields.fields[name] = std::move(checked);
    }
    for (const Member& member : body) {
        if (member.read_only || given.contains(member.name)) continue;
        if (member.always_required || (member.required && method != "PATCH"))
            checked_fields.errors[member.name].emplace_back("This field is required.");
        else if (method == "POST")
            checked_fields.fields[member.name] = member.initial;
    }
    return checked_fields;
}

std::string text_of(const json::value& value) {
    return value.is_string() ? std::string(value.get_string()) : json::serialize(value);
}

}  // namespace api
