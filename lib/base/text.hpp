// Joins, splits and trims text, and classifies ASCII characters.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace api {

/// True for an ASCII digit, independent of the locale.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
/// True for an ASCII letter, independent of the locale.
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// The parts in order, with the separator between them; empty if there are no parts. Accepts every range whose elements
/// convert to std::string_view, including views of <ranges>, such as `join(errors | std::views::keys, ", ")`.
template <class Parts>
constexpr std::string join(Parts&& parts, std::string_view separator) {
    std::string joined;
    bool first = true;
    for (const auto& part : parts) {
        if (!first) joined += separator;
        first = false;
        joined += std::string_view(part);
    }
    return joined;
}

/// The parts of the text between the separators, as views of the text. Parts can be empty. There is always at least one
/// part; an empty text has one empty part. The separator must not be empty.
constexpr std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
    std::vector<std::string_view> parts;
    for (std::size_t end; (end = text.find(separator)) != text.npos; text.remove_prefix(end + separator.size()))
        parts.push_back(text.substr(0, end));
    parts.push_back(text);
    return parts;
}

/// The text without these characters at its beginning and end. The default is the optional white space of HTTP (RFC
/// 9110 5.6.3): spaces and tabs.
constexpr std::string_view trim(std::string_view text, std::string_view characters = " \t") {
    const std::size_t begin = text.find_first_not_of(characters);
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(characters) - begin + 1);
}

}  // namespace api
