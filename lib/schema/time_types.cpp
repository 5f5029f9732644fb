// Checks of dates and times, with the error sentences of Django REST framework.
#include "schema/time_types.hpp"

#include <chrono>
#include <optional>
#include <stdexcept>

#include "base/text.hpp"

namespace api::types {

namespace {

/// The number in the n digits of the text at a position, or -1 if they are not digits.
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

/// The position of the zone in an RFC 3339 time, after the seconds and their fraction; nothing if the fraction does not
/// have one to nine digits.
std::optional<std::size_t> zone_at(std::string_view text) {
    constexpr std::size_t seconds_end = 19;
    if (text[seconds_end] != '.') return seconds_end;
    std::size_t at = seconds_end + 1;
    while (at < text.size() && is_digit(text[at])) ++at;
    const std::size_t places = at - seconds_end - 1;
    return places >= 1 && places <= 9 ? std::optional(at) : std::nullopt;
}

/// How far a zone, `Z` or `+hh:mm`, is ahead of UTC; nothing if it is not valid.
std::optional<std::chrono::minutes> offset_of(std::string_view zone) {
    if (zone == "Z" || zone == "z") return std::chrono::minutes(0);
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') return std::nullopt;
    const int hours = digits(zone, 1, 2), minutes = digits(zone, 4, 2);
    if (hours < 0 || hours > 14 || minutes < 0 || minutes > 59) return std::nullopt;
    return std::chrono::minutes((zone[0] == '+' ? 1 : -1) * (60 * hours + minutes));
}

bool is_time(std::string_view text) {
    if (text.size() < 20 || !is_date(text.substr(0, 10)) || (text[10] != 'T' && text[10] != 't' && text[10] != ' '))
        return false;
    const int hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return false;
    if (text[13] != ':' || text[16] != ':') return false;
    const std::optional<std::size_t> zone = zone_at(text);
    const auto ahead = zone ? offset_of(text.substr(*zone)) : std::nullopt;
    if (!ahead) return false;
    // it is stored in UTC, where its year must have four digits too
    const auto moment = *day_of(text.substr(0, 10)) + std::chrono::minutes(60 * hour + minute) - *ahead;
    const int year =
        static_cast<int>(std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(moment)).year());
    return year >= 1 && year <= 9999;
}

}  // namespace

std::string check_date(json::value& value) {
    if (value.is_string() && is_date(value.get_string())) return {};
    return "Date has wrong format. Use YYYY-MM-DD and a day that exists.";
}

std::string check_time(json::value& value) {
    if (value.is_string() && is_time(value.get_string())) {
        // cut off, because PostgreSQL would round to six decimal places, possibly into the year 10000
        constexpr std::size_t places_end = 26;
        json::string& text = value.get_string();
        const std::size_t zone = text.find_first_of("Zz+-", 19);
        if (zone > places_end) text.erase(places_end, zone - places_end);
        return {};
    }
    return "Time has wrong format. Use RFC 3339, for example 2025-01-31T12:00:00Z.";
}

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

}  // namespace api::types
