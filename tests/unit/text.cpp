// Joining, splitting and trimming text, with the edge cases in which loops written by hand differ.
#include "base/text.hpp"

#include <boost/test/unit_test.hpp>
#include <map>
#include <ranges>
#include <set>

namespace {

using Parts = std::vector<std::string_view>;

void check_split(std::string_view text, std::string_view separator, const Parts& expected) {
    BOOST_TEST(api::split(text, separator) == expected, boost::test_tools::per_element());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(join_puts_separators_between_parts_only) {
    BOOST_TEST(api::join(Parts{}, ", ") == "");
    BOOST_TEST(api::join(Parts{"a"}, ", ") == "a");
    BOOST_TEST(api::join(Parts{"a", "b", "c"}, ", ") == "a, b, c");
    BOOST_TEST(api::join(Parts{"", "", "b", ""}, ",") == ",,b,");
    BOOST_TEST(api::join(Parts{"a", "b"}, "") == "ab");
}

BOOST_AUTO_TEST_CASE(join_accepts_every_range_of_texts) {
    const char* literals[] = {"a", "b"};
    BOOST_TEST(api::join(literals, "-") == "a-b");
    BOOST_TEST(api::join(std::set<std::string>{"b", "a"}, "-") == "a-b");
    const std::map<std::string, int> numbers{{"one", 1}, {"two", 2}};
    BOOST_TEST(api::join(numbers | std::views::keys, "-") == "one-two");
    // a const filter or transformation cannot be iterated, and a transformation creates temporaries
    auto is_even = [](const auto& entry) { return entry.second % 2 == 0; };
    auto quoted = [](const auto& entry) { return '"' + entry.first + '"'; };
    BOOST_TEST(api::join(numbers | std::views::filter(is_even) | std::views::transform(quoted), ", ") == "\"two\"");
}

BOOST_AUTO_TEST_CASE(split_keeps_empty_parts) {
    check_split("", ",", {""});
    check_split("a", ",", {"a"});
    check_split("a,b", ",", {"a", "b"});
    check_split(",a,,b,", ",", {"", "a", "", "b", ""});
    check_split("a\r\nb\rc\r\n", "\r\n", {"a", "b\rc", ""});
    check_split("aaa", "aa", {"", "a"});
}

BOOST_AUTO_TEST_CASE(split_and_join_are_inverse) {
    for (const char* text : {"", ",", "a", "a,,b", ",a,"}) BOOST_TEST(api::join(api::split(text, ","), ",") == text);
}

BOOST_AUTO_TEST_CASE(trim_removes_characters_at_both_ends) {
    BOOST_TEST(api::trim("") == "");
    BOOST_TEST(api::trim(" \t ") == "");
    BOOST_TEST(api::trim("a") == "a");
    BOOST_TEST(api::trim(" \ta b\t ") == "a b");
    BOOST_TEST(api::trim("\na\n") == "\na\n");
    BOOST_TEST(api::trim("--a-b-", "-") == "a-b");
}

BOOST_AUTO_TEST_CASE(they_can_be_used_at_compile_time) {
    static_assert(api::split("a,b", ",").size() == 2);
    static_assert(api::trim(" a ") == "a");
}

BOOST_AUTO_TEST_SUITE_END()
