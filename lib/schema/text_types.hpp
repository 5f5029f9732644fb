// Field types of texts: free text, lines, usernames, email addresses, passwords and file names.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "schema/type.hpp"

namespace api {

/// A text of Min to Max characters (Unicode code points). If Min is at least 1, a text of only white space is not
/// valid. Tabs and line breaks are the only control characters; U+0000 would end a parameter of the database protocol
/// early.
template <std::size_t Min = 0, std::size_t Max = 10'000>
struct Text {
    std::string value;
    operator const std::string&() const { return value; }
};

/// A text of one line without hidden content: no line breaks, no tabs, and none of the invisible characters that make
/// one name look like another (Unicode TR 36 2.6: bidirectional controls, zero-width spaces).
template <std::size_t Min = 0, std::size_t Max = 10'000>
struct Line : Text<Min, Max> {};

/// An identifier from a vocabulary: a filter compares the whole value, while it searches inside of other texts.
struct Code : Line<1, 100> {};

/// 3 to 150 ASCII letters, digits and `@ . + - _`: no look-alikes, no white space.
struct Username : Text<3, 150> {};
/// An email address as HTML's `<input type=email>` accepts it, at most 254 characters (RFC 5321 4.5.3.1.3).
struct Email : Text<1, 254> {};
/// A new password: 8 to 128 characters and at most 1,024 bytes, any Unicode except U+0000; never part of an answer.
struct Password : Text<8, 128> {};

/// A password that is sent to authenticate: any text of 1 to 1,024 characters; never part of an answer.
struct Secret : Text<1, 1024> {};

/// The displayed name of a stored file: 1 to 255 visible characters. Any text is converted to that: invisible
/// characters and directories before the name are removed, and an empty name becomes `file`. An upload without this
/// field uses the file name of the part. It is never the name of a file on disk.
struct FileName {
    std::string value;
};

namespace types {

// Each check returns an error sentence, or an empty text if the value is valid.

/// A string of min to max code points, as Text describes it.
std::string check_text(json::value& value, std::size_t min, std::size_t max);
/// The same on one line, as Line describes it.
std::string check_line(json::value& value, std::size_t min, std::size_t max);
/// A Username.
std::string check_username(json::value& value);
/// An Email.
std::string check_email(json::value& value);
/// A Password.
std::string check_password(json::value& value);
/// A Secret.
std::string check_secret(json::value& value);
/// A FileName; converts the value to one.
std::string check_file_name(json::value& value);

/// The JSON Schema of a string of min to max characters.
json::object text_schema(std::size_t min, std::size_t max, std::string_view format = {});

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

/// The texts that differ from Text only in their check.
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
struct Type<FileName> {
    static json::object schema() { return types::text_schema(1, 255); }
    static std::string check(json::value& v, Source) { return types::check_file_name(v); }
    static FileName load(const json::value& v) { return {std::string(v.as_string())}; }
    static json::value dump(const FileName& t) { return json::value(t.value); }
    static void write(std::string& out, std::string_view column) { types::write_text(out, column); }
};

}  // namespace api
