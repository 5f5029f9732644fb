// The types of fields: what a value may be, how it is read from JSON or text, and how it is written to an answer.
#pragma once
#include <boost/describe.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_from.hpp>
#include <boost/json/value_to.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace api {

namespace json = boost::json;

/// Where a value comes from: JSON has types, a form or a query parameter is always a string.
enum class Source { json, text };

/// A text of Min to Max characters (Unicode code points). With a Min, white space alone does not count as a text.
/// No control characters but tab and line ends; U+0000 would cut a parameter short on its way to the database.
template <std::size_t Min = 0, std::size_t Max = 10'000>
struct Text {
    std::string value;
    operator const std::string&() const { return value; }
};

/// A text of one line that shows all that it has: no line ends and tabs, none of the invisible characters that make one
/// name look like another (Unicode TR 36 2.6: bidirectional controls, zero-width spaces).
template <std::size_t Min = 0, std::size_t Max = 10'000>
struct Line : Text<Min, Max> {};

/// A word of a vocabulary: filters compare it as a whole, where they find parts of other texts.
struct Code : Line<1, 100> {};

/// 3 to 150 ASCII letters, digits and `@ . + - _`: no look-alikes, no white space.
struct Username : Text<3, 150> {};
/// An address as HTML's `<input type=email>` takes it, at most 254 characters (RFC 5321 4.5.3.1.3).
struct Email : Text<1, 254> {};
/// 8 to 128 characters and at most 1,024 bytes, any Unicode but U+0000; never part of an answer.
struct Password : Text<8, 128> {};

/// A password as it is typed to prove who one is: any text of at most 1,024 characters, and no answer shows it.
struct Secret : Text<1, 1024> {};

/// A positive integer that names a stored object.
struct Id {
    std::int64_t value = 0;
};
/// A whole number from Min to Max: a column integer, or bigint where Max says so.
template <std::int64_t Min, std::int64_t Max = INT32_MAX>
struct Number {
    std::int64_t value = Min;
};
/// An amount with two places, at least Min hundredths, at most 9,999,999,999.99: a column numeric(12,2). Input may be a
/// number or a string; an answer has a string, which no client rounds.
template <int Min = 0>
struct Decimal {
    std::string value = "0.00";
};
/// A day of the proleptic Gregorian calendar, `YYYY-MM-DD`, years 0001 to 9999.
struct Date {
    std::string value;
};
/// A moment in UTC, RFC 3339 with `Z` and up to six places of a second; further ones are cut off.
struct Time {
    std::string value;
};
/// A list of names, each once; a form separates them by commas. No column: an answer has them as jsonb that the SELECT
/// computes, and the SQL of a form reads them as `:name::jsonb`.
struct Names {
    std::vector<std::string> value;
};
/// The file of an upload, as a member of a body: it is streamed into the storage (storage.hpp), and the SQL has
/// :file_sha256, :file_size (bytes) and :file_type (found from the bytes) in its place.
struct File {};
/// What a stored file is called by people: 1 to 255 characters, all of them visible. Whatever a client gives is made
/// so, and loses the folders in front; what has no name is `file`. An upload of which the body does not say it takes
/// the name of the part. No file on disk is called so.
struct FileName {
    std::string value;
};
/// Any JSON, from a `jsonb`; answers only.
struct Json {
    json::value value;
};

/// The system keeps it: part of answers, refused in bodies with `This field cannot be set.`
template <class T>
struct ReadOnly {
    T value{};
};
/// May be left out at creation, when the statement fills it in; never null.
template <class T>
struct Filled {
    T value{};
};
/// Must be given, in a PATCH too.
template <class T>
struct Required {
    T value{};
};

/// What the library knows about a type. Every specialisation has
///   schema()      its JSON Schema (draft 2020-12);
///   check(v, s)   brings v into the form the database takes; returns what is wrong with it, or nothing;
///   load(v)       the C++ value of a checked v;
///   dump(t)       the JSON of a C++ value: for defaults;
///   write(o, c)   appends the JSON of a column's text to an answer.
template <class T>
struct Type;

namespace types {
std::string check_text(json::value& value, std::size_t min, std::size_t max);
std::string check_line(json::value& value, std::size_t min, std::size_t max);
std::string check_username(json::value& value);
std::string check_email(json::value& value);
std::string check_password(json::value& value);
std::string check_secret(json::value& value);
std::string check_integer(json::value& value, Source source, std::int64_t min, std::int64_t max);
std::string check_decimal(json::value& value, int min_hundredths);
std::string check_boolean(json::value& value, Source source);
std::string check_date(json::value& value);
std::string check_time(json::value& value);
std::string check_names(json::value& value, Source source);
std::string check_file_name(json::value& value);
std::string check_ids(json::value& value, Source source, std::size_t min, std::size_t max);
std::string check_choice(json::value& value, const std::vector<std::pair<std::string, std::string>>& choices);

void write_text(std::string& out, std::string_view column);      ///< quoted and escaped
void write_verbatim(std::string& out, std::string_view column);  ///< numbers and jsonb
void write_boolean(std::string& out, std::string_view column);
void write_time(std::string& out, std::string_view column);

json::object text_schema(std::size_t min, std::size_t max, std::string_view format = {});
json::object integer_schema(std::int64_t min, std::string_view format);
}  // namespace types

template <std::size_t Min, std::size_t Max>
struct Type<Text<Min, Max>> {
    static json::object schema() { return types::text_schema(Min, Max); }
    static std::string check(json::value& v, Source) { return types::check_text(v, Min, Max); }
    static Text<Min, Max> load(const json::value& v) { return {std::string(v.as_string())}; }
    static json::value dump(const Text<Min, Max>& t) { return json::value(t.value); }
    static void write(std::string& out, std::string_view column) { types::write_text(out, column); }
};

template <std::size_t Min, std::size_t Max>
struct Type<Line<Min, Max>> : Type<Text<Min, Max>> {
    static std::string check(json::value& v, Source) { return types::check_line(v, Min, Max); }
    static Line<Min, Max> load(const json::value& v) { return {{std::string(v.as_string())}}; }
};

template <>
struct Type<Code> : Type<Line<1, 100>> {
    static Code load(const json::value& v) { return {{{std::string(v.as_string())}}}; }
};

/// The texts with a rule of their own differ in that rule only.
template <class T, std::string (*Check)(json::value&), std::size_t Min, std::size_t Max>
struct SpecialText {
    static json::object schema() { return types::text_schema(Min, Max); }
    static std::string check(json::value& v, Source) { return Check(v); }
    static T load(const json::value& v) { return {{std::string(v.as_string())}}; }
    static json::value dump(const T& t) { return json::value(t.value); }
    static void write(std::string& out, std::string_view column) { types::write_text(out, column); }
};
template <>
struct Type<Username> : SpecialText<Username, types::check_username, 3, 150> {};
template <>
struct Type<Email> : SpecialText<Email, types::check_email, 1, 254> {
    static json::object schema() { return types::text_schema(1, 254, "email"); }
};
template <>
struct Type<Password> : SpecialText<Password, types::check_password, 8, 128> {
    static json::object schema() {
        json::object s = types::text_schema(8, 128, "password");
        s["writeOnly"] = true;
        return s;
    }
};
template <>
struct Type<Secret> : SpecialText<Secret, types::check_secret, 1, 1024> {
    static json::object schema() {
        json::object s = types::text_schema(1, 1024, "password");
        s["writeOnly"] = true;
        return s;
    }
};

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
template <>
struct Type<Names> {
    static json::object schema() { return {{"type", "array"}, {"items", {{"type", "string"}}}}; }
    static std::string check(json::value& v, Source s) { return types::check_names(v, s); }
    static Names load(const json::value& v) { return {json::value_to<std::vector<std::string>>(v)}; }
    static json::value dump(const Names& t) { return json::value_from(t.value); }
    static void write(std::string& out, std::string_view column) { types::write_verbatim(out, column); }
};
template <>
struct Type<Json> {
    static json::object schema() { return {{"type", "object"}}; }
    static std::string check(json::value&, Source) { return "This field cannot be set."; }
    static Json load(const json::value& v) { return {v}; }
    static json::value dump(const Json& t) { return t.value; }
    static void write(std::string& out, std::string_view column) { types::write_verbatim(out, column); }
};

template <>
struct Type<File> {
    static json::object schema() { return {{"type", "string"}, {"format", "binary"}}; }
    static std::string check(json::value& v, Source) { return v.is_string() ? "" : "No file was sent."; }
    static File load(const json::value&) { return {}; }
    static json::value dump(File) { return nullptr; }
    static void write(std::string& out, std::string_view column) { types::write_text(out, column); }
};
template <>
struct Type<FileName> {
    static json::object schema() { return types::text_schema(1, 255); }
    static std::string check(json::value& v, Source) { return types::check_file_name(v); }
    static FileName load(const json::value& v) { return {std::string(v.as_string())}; }
    static json::value dump(const FileName& t) { return json::value(t.value); }
    static void write(std::string& out, std::string_view column) { types::write_text(out, column); }
};

/// Other names under which a described enum is taken as input: {given, meant}.
template <class E>
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 0> aliases{};
/// Names that a filter reads as several values: {given, the values, separated by commas}.
template <class E>
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 0> groups{};

/// A described enum is a choice; an underscore in the C++ name is a blank outside (`In_Progress`: "In Progress").
template <class E>
requires std::is_enum_v<E>
struct Type<E> {
    static std::string spelled(std::string_view name) {
        std::string s(name);
        for (char& c : s)
            if (c == '_') c = ' ';
        return s;
    }
    static std::vector<std::string> choices() {
        std::vector<std::string> names;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>(
            [&](auto d) { names.push_back(spelled(d.name)); });
        return names;
    }
    static json::object schema() {
        json::array names;
        for (const auto& name : choices()) names.emplace_back(name);
        json::object schema{{"type", "string"}, {"enum", names}};
        // what is stored and answered is the name that is meant
        for (const auto& [given, meant] : aliases<E>) {
            json::value& also = schema.emplace("x-also", json::object{}).first->value();
            also.as_object()[given] = meant;
        }
        return schema;
    }
    static std::string check(json::value& v, Source) {
        static const auto accepted = [] {
            std::vector<std::pair<std::string, std::string>> all;
            for (const auto& name : choices()) all.emplace_back(name, name);
            for (const auto& [given, meant] : aliases<E>) all.emplace_back(given, meant);
            return all;
        }();
        return types::check_choice(v, accepted);
    }
    static E load(const json::value& v) {
        E e{};
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto d) {
            if (spelled(d.name) == std::string_view(v.as_string())) e = d.value;
        });
        return e;
    }
    static json::value dump(E e) {
        std::string name;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto d) {
            if (d.value == e) name = spelled(d.name);
        });
        return json::value(name);
    }
    static void write(std::string& out, std::string_view column) { types::write_text(out, column); }
};

}  // namespace api
