// Bodies and query strings: what is accepted, and what is refused with the name of the field.
#include "http/input.hpp"

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include "base/json.hpp"
#include "objects/task.hpp"

namespace json = boost::json;

namespace {

json::value parsed(std::string_view text, api::Errors& errors) { return api::parse_json(text, errors); }

/// The status and code of the error, or nothing.
template <class Action>
std::string refusal(Action action) {
    try {
        action();
        return "";
    } catch (const api::Problem& problem) {
        return std::to_string(problem.status) + " " + problem.code;
    }
}

std::string refused_json(std::string_view text) {
    api::Errors errors;
    return refusal([&] { api::parse_json(text, errors); });
}

api::CheckedFields checked(const json::object& given, std::string_view method, api::Source source = api::Source::json) {
    static const api::Shape shape = api::shape_of<Task>();
    return api::check_fields(given, source, method, shape, shape);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(input)

BOOST_AUTO_TEST_CASE(json_is_strict) {
    api::Errors errors;
    BOOST_TEST(json::serialize(parsed(R"({"a":[1,-2.5,"x",null,true,{"b":{}}]})", errors)) ==
               R"({"a":[1,-2.5E0,"x",null,true,{"b":{}}]})");
    BOOST_TEST(errors.empty());
    for (const char* bad : {"", "{", "{}x", "{'a':1}", "{\"a\":1,}", "[1,]", "NaN", "{\"a\":01}", "\"\\ud800\"",
                            "\"\xc0\x80\"", "\xef\xbb\xbf{}", "{\"a\":1}{}", "// x\n{}"})
        BOOST_TEST(refused_json(bad) == "400 malformed_json", bad);
}

BOOST_AUTO_TEST_CASE(json_has_limits) {
    BOOST_TEST(refused_json(std::string(32, '[') + std::string(32, ']')) == "");
    BOOST_TEST(refused_json(std::string(33, '[') + std::string(33, ']')) == "400 malformed_json");
    BOOST_TEST(refused_json(std::string(60000, '[')) == "400 malformed_json");
    std::string items = "[1";
    for (int i = 0; i < 1000; ++i) items += ",1";
    BOOST_TEST(refused_json(items + "]") == "400 malformed_json");
}

BOOST_AUTO_TEST_CASE(a_duplicate_key_is_named_with_its_path) {
    api::Errors errors;
    parsed(R"({"a":1,"b":{"c":1,"c":2},"a":1})", errors);
    BOOST_TEST(errors.size() == 2u);
    BOOST_TEST(errors.contains("a"));
    BOOST_TEST(errors.contains("b.c"));
}

BOOST_AUTO_TEST_CASE(every_error_is_reported_at_once) {
    api::CheckedFields in =
        checked({{"titel", "x"}, {"id", 7}, {"due_date", "2025-02-30"}, {"priority_level", nullptr}}, "POST");
    BOOST_TEST(in.errors.at("titel")[0] == "Unknown field.");
    BOOST_TEST(in.errors.at("id")[0] == "This field cannot be set.");
    BOOST_TEST(in.errors.at("title")[0] == "This field is required.");
    BOOST_TEST(in.errors.contains("due_date"));
    BOOST_TEST(in.errors.at("priority_level")[0] == "This field may not be null.");
}

BOOST_AUTO_TEST_CASE(a_creation_needs_all_required_fields_and_a_change_does_not) {
    BOOST_TEST(
        json::serialize(checked({{"title", "x"}}, "POST").fields) ==
        R"({"title":"x","description":null,"due_date":null,"priority_level":"Medium","user":null,"equipment":null})");
    BOOST_TEST(json::serialize(checked({{"title", "x"}}, "PUT").fields) == R"({"title":"x"})");
    BOOST_TEST(checked({}, "PUT").errors.at("title")[0] == "This field is required.");
    BOOST_TEST(checked({}, "PATCH").errors.empty());
    BOOST_TEST(checked({{"description", nullptr}}, "PATCH").errors.empty());
}

BOOST_AUTO_TEST_CASE(in_a_form_an_empty_text_is_null_and_digits_are_a_number) {
    api::CheckedFields in = checked({{"title", "x"}, {"due_date", ""}, {"user", "7"}}, "POST", api::Source::text);
    BOOST_TEST(in.errors.empty());
    BOOST_TEST(in.fields["due_date"].is_null());
    BOOST_TEST(in.fields["user"] == json::value(7));
}

BOOST_AUTO_TEST_CASE(a_query_is_decoded_once_and_refused_if_it_is_malformed) {
    auto pairs = api::decode_query("a=1+2&b=%C3%A4%2B&c&&d=a=b");
    BOOST_TEST(pairs.size() == 4u);
    BOOST_TEST(pairs[0].second == "1 2");
    BOOST_TEST(pairs[1].second == "ä+");
    BOOST_TEST(pairs[2].second == "");
    BOOST_TEST(pairs[3].second == "a=b");
    for (const char* bad : {"a=%", "a=%1", "a=%zz", "a=%00", "a=%ff", "%c0%80=1"})
        BOOST_TEST(refusal([&] { api::decode_query(bad); }) == "400 bad_request", bad);
    BOOST_TEST(api::encode_query("ä b&c") == "%C3%A4%20b%26c");
}

BOOST_AUTO_TEST_SUITE_END()
