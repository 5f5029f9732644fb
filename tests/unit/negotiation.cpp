// Headers of content negotiation and conditional requests, in all forms that clients send.
#include "http/negotiation.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(negotiation)

BOOST_AUTO_TEST_CASE(the_most_specific_range_decides_the_quality_of_a_type) {
    BOOST_TEST(api::quality_of("text/csv", "text/csv") == 1);
    BOOST_TEST(api::quality_of("TEXT/CSV ; q=0.5", "text/csv") == 0.5);
    BOOST_TEST(api::quality_of("text/*;q=0.3, */*;q=0.1", "text/csv") == 0.3);
    BOOST_TEST(api::quality_of("text/csv;q=0, */*", "text/csv") == 0);
    BOOST_TEST(api::quality_of("*/*, text/csv;q=0", "text/csv") == 0);
    BOOST_TEST(api::quality_of("text/html,\timage/*", "text/csv") == 0);
    BOOST_TEST(api::quality_of("", "text/csv") == 0);
}

BOOST_AUTO_TEST_CASE(an_if_match_lists_versions) {
    BOOST_TEST(api::versions_of(R"("7-0a1b2c3d")").value() == "{7}");
    BOOST_TEST(api::versions_of(R"(W/"7-0a1b2c3d", "12" ,)").value() == "{7,12}");
    BOOST_TEST(api::versions_of(R"("abc", 7, "7x-0", ")").value() == "{}");
    BOOST_TEST(!api::versions_of("*").has_value());
}

BOOST_AUTO_TEST_CASE(an_if_none_match_matches_weak_and_strong_tags) {
    BOOST_TEST(api::names_tag(R"("7-0a1b2c3d")", R"("7-0a1b2c3d")"));
    BOOST_TEST(api::names_tag("\"1-a\",\t W/\"7-0a1b2c3d\"\t", R"("7-0a1b2c3d")"));
    BOOST_TEST(api::names_tag("*", R"("7-0a1b2c3d")"));
    BOOST_TEST(!api::names_tag(R"("7-0a1b2c3d0", 7-0a1b2c3d, )", R"("7-0a1b2c3d")"));
    BOOST_TEST(!api::names_tag("", R"("7-0a1b2c3d")"));
}

BOOST_AUTO_TEST_SUITE_END()
