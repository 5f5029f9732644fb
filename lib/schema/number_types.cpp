// Checks of numbers, with the error sentences of Django REST framework.
#include "schema/number_types.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.hpp"

namespace api::types {

namespace {

/// A number or a string as decimal text; nothing if the value is neither.
std::optional<std::string> decimal_text(const json::value& value) {
    if (value.is_string()) return std::string(value.get_string());
    if (value.is_int64()) return std::to_string(value.get_int64());
    if (!value.is_double()) return std::nullopt;
    // the shortest text of this double is the text that was sent, up to 15 digits
    char digits[400];
    const auto end = std::to_chars(digits, digits + sizeof digits, value.get_double(), std::chars_format::fixed).ptr;
    return std::string(digits, end);
}

}  // namespace

std::string check_integer(json::value& value, Source source, std::int64_t min, std::int64_t max) {
    std::int64_t number = 0;
    if (value.is_int64()) {
        number = value.get_int64();
    } else if (value.is_string() && source == Source::text) {
        std::string_view text = value.get_string();
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc() || end != text.data() + text.size() || text.empty())
            return "A valid integer is required.";
    } else {
        return "A valid integer is required.";
    }
    if (number < min) return "Ensure this value is greater than or equal to " + std::to_string(min) + ".";
    if (number > max) return "Ensure this value is less than or equal to " + std::to_string(max) + ".";
    value = number;
    return {};
}

std::string check_decimal(json::value& value, int min_hundredths) {
    constexpr const char* invalid = "A valid number is required.";
    const std::optional<std::string> given = decimal_text(value);
    if (!given) return invalid;
    const bool negative = given->starts_with('-');
    const std::string text = given->substr(negative ? 1 : 0);
    const std::size_t point = std::min(text.find('.'), text.size());
    std::string whole = text.substr(0, point), places = text.substr(std::min(point + 1, text.size()));
    if (whole.empty() || (point < text.size() && places.empty()) || !std::ranges::all_of(whole, is_digit) ||
        !std::ranges::all_of(places, is_digit))
        return invalid;
    whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
    while (places.size() > 2 && places.back() == '0') places.pop_back();
    if (places.size() > 2) return "Ensure that there are no more than 2 decimal places.";
    if (whole.size() > 10) return "Ensure that there are no more than 10 digits before the decimal point.";
    places.resize(2, '0');
    const std::int64_t hundredths = std::stoll(whole + places);
    if ((negative ? -hundredths : hundredths) < min_hundredths)
        return "Ensure this value is greater than or equal to " + std::to_string(min_hundredths / 100) + "." +
               (min_hundredths % 100 < 10 ? "0" : "") + std::to_string(min_hundredths % 100) + ".";
    value = whole + "." + places;
    return {};
}

std::string check_boolean(json::value& value, Source source) {
    if (value.is_bool()) return {};
    if (value.is_string() && source == Source::text) {
        std::string_view text = value.get_string();
        if (text == "true" || text == "True" || text == "1") return value = true, std::string();
        if (text == "false" || text == "False" || text == "0") return value = false, std::string();
    }
    return "Must be a valid boolean.";
}

void write_boolean(std::string& out, std::string_view column) { out += column == "t" ? "true" : "false"; }

json::object integer_schema(std::int64_t min, std::string_view format) {
    json::object schema{{"type", "integer"}, {"format", format}};
    if (min > INT32_MIN) schema["minimum"] = min;
    return schema;
}

}  // namespace api::types
