// Formats what commands print: lists, numbers and times.
#pragma once
#include <string>

namespace tool {

/// The texts with a separator between them: `a, b, c`.
template <class Texts>
std::string join(const Texts& texts, const std::string& separator = ", ") {
    std::string all;
    bool is_first = true;
    for (const std::string& text : texts) {
        if (!is_first) all += separator;
        all += text;
        is_first = false;
    }
    return all;
}

/// A number with its noun: `1 row`, `2 rows`.
std::string with_noun(long long number, const std::string& noun);

/// Seconds since 1970 as `2026-11-22 04:15:49 UTC`.
std::string format_utc(long long seconds);

/// A number with one decimal place.
std::string format_decimal(double value);

/// The text without newlines at its end.
std::string trim_newlines(std::string text);

}  // namespace tool
