// Field types of ids, numbers, amounts and booleans.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "schema/type.hpp"

namespace api {

/// The id of a stored object: a positive integer.
struct Id {
    std::int64_t value = 0;
};
/// An integer from Min to Max: a column of type integer, or bigint if Max is too large for that.
template <std::int64_t Min, std::int64_t Max = INT32_MAX>
struct Number {
    std::int64_t value = Min;
};
/// An amount with two decimal places, from Min hundredths to 9,999,999,999.99: a column numeric(12,2). As input it is a
/// number or a string; in an answer it is a string, so that no client rounds it.
template <int Min = 0>
struct Decimal {
    std::string value = "0.00";
};

namespace types {

// Each check returns an error sentence, or an empty text if the value is valid.

/// An integer from min to max; converts decimal digits from text.
std::string check_integer(json::value& value, Source source, std::int64_t min, std::int64_t max);
/// A Decimal of at least min_hundredths; converts the value to a string with two decimal places.
std::string check_decimal(json::value& value, int min_hundredths);
/// A boolean; converts `true`, `True`, `1` and `false`, `False`, `0` from text.
std::string check_boolean(json::value& value, Source source);

/// Appends a PostgreSQL boolean, `t` or `f`, as JSON.
void write_boolean(std::string& out, std::string_view column);

/// The JSON Schema of an integer; without a minimum if min is INT32_MIN.
json::object integer_schema(std::int64_t min, std::string_view format);

}  // namespace types

template <>
struct Type<Id> {
    static json::object schema() { return types::integer_schema(1, "int64"); }
    static std::string check(json::value& v, Source s) { return types::check_integer(v, s, 1, INT64_MAX); }
    static Id load(const json::value& v) { return {v.as_int64()}; }
    static json::value dump(const Id& t) { return json::value(t.value); }
    static void write(std::string& out, std::string_view column) { types::write_verbatim(out, column); }
};
template <>
struct Type<int> {
    static json::object schema() { return types::integer_schema(INT32_MIN, "int32"); }
    static std::string check(json::value& v, Source s) { return types::check_integer(v, s, INT32_MIN, INT32_MAX); }
    static int load(const json::value& v) { return static_cast<int>(v.as_int64()); }
    static json::value dump(int t) { return json::value(t); }
    static void write(std::string& out, std::string_view column) { types::write_verbatim(out, column); }
};
template <std::int64_t Min, std::int64_t Max>
struct Type<Number<Min, Max>> {
    static json::object schema() {
        json::object s = types::integer_schema(Min, Max > INT32_MAX ? "int64" : "int32");
        if (Max != INT32_MAX && Max != INT64_MAX) s["maximum"] = Max;
        return s;
    }
    static std::string check(json::value& v, Source s) { return types::check_integer(v, s, Min, Max); }
    static Number<Min, Max> load(const json::value& v) { return {v.as_int64()}; }
    static json::value dump(const Number<Min, Max>& t) { return json::value(t.value); }
    static void write(std::string& out, std::string_view column) { types::write_verbatim(out, column); }
};
template <int Min>
struct Type<Decimal<Min>> {
    static json::object schema() {
        return {{"type", "string"}, {"format", "decimal"}, {"pattern", "^[0-9]{1,10}(\\.[0-9]{1,2})?$"}};
    }
    static std::string check(json::value& v, Source) { return types::check_decimal(v, Min); }
    static Decimal<Min> load(const json::value& v) { return {std::string(v.as_string())}; }
    static json::value dump(const Decimal<Min>& t) { return json::value(t.value); }
    static void write(std::string& out, std::string_view column) { types::write_text(out, column); }
};
template <>
struct Type<bool> {
    static json::object schema() { return {{"type", "boolean"}}; }
    static std::string check(json::value& v, Source s) { return types::check_boolean(v, s); }
    static bool load(const json::value& v) { return v.as_bool(); }
    static json::value dump(bool t) { return json::value(t); }
    static void write(std::string& out, std::string_view column) { types::write_boolean(out, column); }
};

}  // namespace api
