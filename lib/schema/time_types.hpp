// Field types of dates and points in time.
#pragma once
#include <string>
#include <string_view>

#include "schema/type.hpp"

namespace api {

/// A day of the proleptic Gregorian calendar, `YYYY-MM-DD`, years 0001 to 9999.
struct Date {
    std::string value;
};
/// A point in time in UTC: RFC 3339 with `Z` and up to six decimal places of a second; more places are cut off.
struct Time {
    std::string value;
};

namespace types {

// Each check returns an error sentence, or an empty text if the value is valid.

/// A Date.
std::string check_date(json::value& value);
/// A Time with any offset from UTC; cuts off decimal places of a second after the sixth.
std::string check_time(json::value& value);

/// Appends a timestamptz, as PostgreSQL writes it in UTC (DateStyle ISO), as JSON. Throws std::runtime_error if it has
/// another time zone.
void write_time(std::string& out, std::string_view column);

}  // namespace types

template <>
struct Type<Date> {
    static json::object schema() { return {{"type", "string"}, {"format", "date"}}; }
    static std::string check(json::value& v, Source) { return types::check_date(v); }
    static Date load(const json::value& v) { return {std::string(v.as_string())}; }
    static json::value dump(const Date& t) { return json::value(t.value); }
    static void write(std::string& out, std::string_view column) { types::write_text(out, column); }
};
template <>
struct Type<Time> {
    static json::object schema() { return {{"type", "string"}, {"format", "date-time"}}; }
    static std::string check(json::value& v, Source) { return types::check_time(v); }
    static Time load(const json::value& v) { return {std::string(v.as_string())}; }
    static json::value dump(const Time& t) { return json::value(t.value); }
    static void write(std::string& out, std::string_view column) { types::write_time(out, column); }
};

}  // namespace api
