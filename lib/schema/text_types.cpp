// Checks of texts, with the error sentences of Django REST framework.
#include "schema/text_types.hpp"

#include <algorithm>
#include <vector>

#include "base/text.hpp"
#include "base/unicode.hpp"

namespace api::types {

namespace {

constexpr std::string_view not_a_string = "Not a valid string.";

/// A part of a domain between two dots: letters, digits and inner hyphens, at most 63 octets (RFC 1034 3.1).
bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           std::ranges::all_of(label, [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
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
    if (unicode::has_hidden(value.get_string())) return "Line breaks, tabs and invisible characters are not allowed.";
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
    const std::vector<std::string_view> labels = split(domain, ".");
    const bool is_domain = labels.size() >= 2 && std::ranges::all_of(labels, is_label);
    return is_domain ? std::string() : std::string(invalid);
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

std::string check_file_name(json::value& value) {
    if (!value.is_string()) return std::string(not_a_string);
    const std::string given(value.as_string());
    if (!unicode::length(given)) return "Not valid UTF-8.";
    // old browsers send a path, with the separators of their system
    std::string name = unicode::visible(given.substr(given.find_last_of("/\\") + 1), 255);
    name = trim(name, " ");
    value = unicode::is_blank(name) || name == "." || name == ".." ? "file" : name;
    return {};
}

json::object text_schema(std::size_t min, std::size_t max, std::string_view format) {
    json::object schema{{"type", "string"}};
    if (!format.empty()) schema["format"] = format;
    if (min > 0) schema["minLength"] = min;
    schema["maxLength"] = max;
    return schema;
}

}  // namespace api::types
