// The rules of the field types, in the words that Django REST framework uses for them.
#include "schema/types.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <optional>
#include <set>
#include <stdexcept>

#include "base/unicode.hpp"

namespace api::types {

namespace {

constexpr std::string_view not_a_string = "Not a valid string.";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// n digits of text from a position on as a number, or -1.
int digits(std::string_view text, std::size_t at, std::size_t n) {
    int value = 0;
    for (std::size_t i = at; i < at + n; ++i) {
        if (i >= text.size() || !is_digit(text[i])) return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

std::optional<std::chrono::sys_days> day_of(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
    int year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
    if (year < 1 || month < 1 || day < 1) return std::nullopt;
    std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date);
}

bool is_date(std::string_view text) { return day_of(text).has_value(); }

bool is_time(std::string_view text) {
    if (text.size() < 20 || !is_date(text.substr(0, 10)) || (text[10] != 'T' && text[10] != 't' && text[10] != ' '))
        return false;
    int hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return false;
    if (text[13] != ':' || text[16] != ':') return false;
    std::size_t at = 19;
    if (text[at] == '.') {
        std::size_t start = ++at;
        while (at < text.size() && is_digit(text[at])) ++at;
        if (at == start || at - start > 9) return false;
    }
    std::string_view zone = text.substr(at);
    if (zone == "Z" || zone == "z") return true;
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return false;
    int hours = digits(zone, 1, 2), minutes = digits(zone, 4, 2);
    if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59) return false;
    // also in UTC, which is how it is stored, its year has four digits
    const auto ahead = std::chrono::minutes((zone[0] == '+' ? 1 : -1) * (60 * hours + minutes));
    const auto moment = *day_of(text.substr(0, 10)) + std::chrono::minutes(60 * hour + minute) - ahead;
    const int year =
        static_cast<int>(std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(moment)).year());
    return year >= 1 && year <= 9999;
}

/// What commas separate in the value of a form; nothing at all is no part.
json::array parts_of(std::string_view text) {
    json::array parts;
    for (std::size_t comma; (comma = text.find(',')) != text.npos; text.remove_prefix(comma + 1))
        parts.emplace_back(text.substr(0, comma));
    if (!text.empty() || !parts.empty()) parts.emplace_back(text);
    return parts;
}

}  // namespace

std::string check_text(json::value& value, std::size_t min, std::size_t max) {
    if (!value.is_string()) return std::string(not_a_string);
    std::string_view text = value.get_string();
    if (text.find('\0') != text.npos) return "Null characters are not allowed.";
    auto length = unicode::length(text);
    if (!length) return "Not valid UTF-8.";
    if (min > 0 && unicode::is_blank(text)) return "This field may not be blank.";
    if (*length < min) return "Ensure this field has at least " + std::to_string(min) + " characters.";
    if (*length > max) return "Ensure this field has no more than " + std::to_string(max) + " characters.";
    if (unicode::has_control(text)) return "Control characters are not allowed.";
    return {};
}

std::string check_line(json::value& value, std::size_t min, std::size_t max) {
    if (std::string wrong = check_text(value, min, max); !wrong.empty()) return wrong;
    if (unicode::has_hidden(value.get_string())) return "Line ends, tabs and invisible characters are not allowed.";
    return {};
}

std::string check_username(json::value& value) {
    if (std::string wrong = check_text(value, 3, 150); !wrong.empty()) return wrong;
    for (char c : std::string_view(value.get_string()))
        if (!is_letter(c) && !is_digit(c) && std::string_view("@.+-_").find(c) == std::string_view::npos)
            return "Enter a valid username. It may contain only ASCII letters, digits and @ . + - _ characters.";
    return {};
}

std::string check_email(json::value& value) {
    if (std::string wrong = check_text(value, 1, 254); !wrong.empty()) return wrong;
    constexpr std::string_view invalid = "Enter a valid email address.";
    std::string_view text = value.get_string();
    std::size_t at = text.find('@');
    if (at == text.npos || at == 0 || at > 64) return std::string(invalid);  // RFC 5321 4.5.3.1.1: 64 octets
    std::string_view local = text.substr(0, at), domain = text.substr(at + 1);
    for (char c : local)
        if (!is_letter(c) && !is_digit(c) && std::string_view(".!#$%&'*+/=?^_`{|}~-").find(c) == local.npos)
            return std::string(invalid);
    if (local.front() == '.' || local.back() == '.' || local.find("..") != local.npos) return std::string(invalid);
    // labels of letters, digits and inner hyphens, at most 63 octets (RFC 1034 3.1), at least two of them
    std::size_t labels = 0;
    for (std::size_t start = 0; start <= domain.size(); ++labels) {
        std::size_t end = std::min(domain.find('.', start), domain.size());
        std::string_view label = domain.substr(start, end - start);
        if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
            return std::string(invalid);
        for (char c : label)
            if (!is_letter(c) && !is_digit(c) && c != '-') return std::string(invalid);
        start = end + 1;
    }
    return labels < 2 ? std::string(invalid) : std::string();
}

std::string check_password(json::value& value) {
    if (!value.is_string()) return std::string(not_a_string);
    std::string_view text = value.get_string();
    if (text.find('\0') != text.npos) return "Null characters are not allowed.";
    auto length = unicode::length(text);
    if (!length) return "Not valid UTF-8.";
    if (*length < 8) return "This password is too short. It must contain at least 8 characters.";
    if (*length > 128 || text.size() > 1024)
        return "This password is too long. It must contain at most 128 characters.";
    return {};
}

std::string check_secret(json::value& value) {
    if (!value.is_string()) return std::string(not_a_string);
    std::string_view text = value.get_string();
    if (text.empty()) return "This field may not be blank.";
    if (text.find('\0') != text.npos) return "Null characters are not allowed.";
    auto length = unicode::length(text);
    if (!length) return "Not valid UTF-8.";
    return *length > 1024 ? "Ensure this field has no more than 1024 characters." : "";
}

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
    std::string text;
    if (value.is_string()) {
        text = value.get_string();
    } else if (value.is_int64()) {
        text = std::to_string(value.get_int64());
    } else if (value.is_double()) {
        // the shortest text that means this double is what was sent, up to 15 digits
        char digits[400];
        auto [end, error] = std::to_chars(digits, digits + sizeof digits, value.get_double(), std::chars_format::fixed);
        text.assign(digits, end);
    } else {
        return invalid;
    }
    const bool negative = text.starts_with('-');
    if (negative) text.erase(0, 1);
    std::size_t point = std::min(text.find('.'), text.size());
    std::string whole = text.substr(0, point), places = text.substr(std::min(point + 1, text.size()));
    if (whole.empty() || (point < text.size() && places.empty()) ||
        !std::all_of(whole.begin(), whole.end(), is_digit) || !std::all_of(places.begin(), places.end(), is_digit))
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

std::string check_date(json::value& value) {
    if (value.is_string() && is_date(value.get_string())) return {};
    return "Date has wrong format. Use YYYY-MM-DD, a day that exists.";
}

std::string check_time(json::value& value) {
    if (value.is_string() && is_time(value.get_string())) {
        // what PostgreSQL would round to six places of a second, into the year 10000 for one
        constexpr std::size_t places_end = 26;
        json::string& text = value.get_string();
        const std::size_t zone = text.find_first_of("Zz+-", 19);
        if (zone > places_end) text.erase(places_end, zone - places_end);
        return {};
    }
    return "Time has wrong format. Use RFC 3339, as in 2025-01-31T12:00:00Z.";
}

std::string check_names(json::value& value, Source source) {
    if (source == Source::text) value = parts_of(value.get_string());
    if (!value.is_array()) return "Expected a list of names.";
    std::set<std::string_view> seen;
    for (json::value& name : value.get_array()) {
        if (std::string wrong = check_line(name, 1, 200); !wrong.empty()) return wrong;
        if (!seen.insert(name.get_string()).second) return "A name stands more than once.";
    }
    return {};
}

std::string check_file_name(json::value& value) {
    if (!value.is_string()) return std::string(not_a_string);
    const std::string given(value.as_string());
    if (!unicode::length(given)) return "This is not valid UTF-8.";
    // a path of any system; browsers of old send one
    std::string name = unicode::visible(given.substr(given.find_last_of("/\\") + 1), 255);
    const std::size_t first = name.find_first_not_of(' ');
    name = first == name.npos ? "" : name.substr(first, name.find_last_not_of(' ') - first + 1);
    value = unicode::is_blank(name) || name == "." || name == ".." ? "file" : name;
    return {};
}

std::string check_ids(json::value& value, Source source, std::size_t min, std::size_t max) {
    if (source == Source::text) value = parts_of(value.get_string());
    if (!value.is_array()) return "Expected a list of ids.";
    json::array& ids = value.get_array();
    if (ids.empty() && min > 0) return "This list may not be empty.";
    if (ids.size() < min) return "Ensure this field has at least " + std::to_string(min) + " elements.";
    if (ids.size() > max) return "Ensure this field has no more than " + std::to_string(max) + " elements.";
    std::set<std::int64_t> seen;
    for (json::value& id : ids) {
        if (std::string wrong = check_integer(id, source, 1, INT64_MAX); !wrong.empty()) return wrong;
        if (!seen.insert(id.get_int64()).second) return "An id stands more than once.";
    }
    return {};
}

std::string check_choice(json::value& value, const std::vector<std::pair<std::string, std::string>>& choices) {
    if (!value.is_string()) return std::string(not_a_string);
    std::string names;
    for (const auto& [given, meant] : choices) {
        if (std::string_view(value.get_string()) == given) return value = meant, std::string();
        names += (names.empty() ? "" : ", ") + given;
    }
    return "Not a valid choice. Use one of: " + names + ".";
}

void write_text(std::string& out, std::string_view column) {
    static constexpr char hex[] = "0123456789abcdef";
    out += '"';
    for (char c : column) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    out += "\\u00";
                    out += hex[(c >> 4) & 15];
                    out += hex[c & 15];
                } else {
                    out += c;
                }
        }
    }
    out += '"';
}

void write_verbatim(std::string& out, std::string_view column) { out += column; }

void write_boolean(std::string& out, std::string_view column) { out += column == "t" ? "true" : "false"; }

void write_time(std::string& out, std::string_view column) {
    // PostgreSQL's ISO style in time zone UTC, "2025-01-31 12:00:00.123456+00", becomes RFC 3339
    if (column.size() < 22 || !column.ends_with("+00"))
        throw std::runtime_error("a time of the database is not in UTC: " + std::string(column));
    out += '"';
    out += column.substr(0, 10);
    out += 'T';
    out += column.substr(11, column.size() - 14);
    out += "Z\"";
}

json::object text_schema(std::size_t min, std::size_t max, std::string_view format) {
    json::object schema{{"type", "string"}};
    if (!format.empty()) schema["format"] = format;
    if (min > 0) schema["minLength"] = min;
    schema["maxLength"] = max;
    return schema;
}

json::object integer_schema(std::int64_t min, std::string_view format) {
    json::object schema{{"type", "integer"}, {"format", format}};
    if (min > INT32_MIN) schema["minimum"] = min;
    return schema;
}

}  // namespace api::types
