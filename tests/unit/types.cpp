// What each type of field accepts, what it refuses, and how it is written.
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include "http/csv.hpp"
#include "objects/maintenance.hpp"
#include "objects/message.hpp"
#include "objects/statistics.hpp"
#include "schema/operation.hpp"

namespace json = boost::json;
using api::Source;
using api::Type;

namespace {

template <class T>
std::string check(json::value value, Source source = Source::json) {
    return Type<T>::check(value, source);
}

template <class T>
std::string written(std::string_view column) {
    std::string out;
    Type<T>::write(out, column);
    return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(types)

BOOST_AUTO_TEST_CASE(a_text_counts_code_points_and_refuses_invalid_text) {
    BOOST_TEST((check<api::Text<1, 3>>("äöü")) == "");
    BOOST_TEST((check<api::Text<1, 3>>("äöüß")) == "Ensure this field has no more than 3 characters.");
    BOOST_TEST((check<api::Text<1, 3>>(" \xe2\x80\x83 ")) ==
               "This field may not be blank.");  // an em space is white space too
    BOOST_TEST((check<api::Text<1, 3>>(json::string("a\0b", 3))) == "Null characters are not allowed.");
    BOOST_TEST((check<api::Text<1, 3>>("a\x1b")) == "Control characters are not allowed.");
    BOOST_TEST((check<api::Text<1, 3>>("a\n")) == "");
    BOOST_TEST((check<api::Text<1, 3>>("\xc0\x80")) == "Not valid UTF-8.");
    BOOST_TEST((check<api::Text<1, 3>>("\xed\xa0\x80")) == "Not valid UTF-8.");
    BOOST_TEST((check<api::Text<1, 3>>(7)) == "Not a valid string.");
    BOOST_TEST((check<api::Text<>>("")) == "");
}

BOOST_AUTO_TEST_CASE(a_username_has_no_characters_that_look_alike) {
    for (const char* good : {"ann", "Ann.B@c+d-e_f", "123"}) BOOST_TEST(check<api::Username>(good) == "", good);
    for (const char* bad : {"an", "ann b", "аnn", "ann\n", "ann/b", ""})
        BOOST_TEST(check<api::Username>(bad) != "", bad);
}

BOOST_AUTO_TEST_CASE(an_email_must_be_an_address) {
    for (const char* good : {"a@b.c", "ann.b+c@mail.example.org", "o'neil@example.co"})
        BOOST_TEST(check<api::Email>(good) == "", good);
    for (const char* bad : {"ann", "@b.c", "a@", "a@b", "a@b..c", "a b@c.d", "a@-b.c", "a@b-.c", ".a@b.c", "a..b@c.d",
                            "a@b.c\n", "a@b@c.d", "ä@b.c"})
        BOOST_TEST(check<api::Email>(bad) != "", bad);
    BOOST_TEST(check<api::Email>(json::string(std::string(65, 'a') + "@b.c")) != "");
}

BOOST_AUTO_TEST_CASE(a_decimal_has_two_places_in_every_notation) {
    auto read = [](json::value value) {
        std::string wrong = Type<api::Decimal<>>::check(value, Source::json);
        return wrong.empty() ? std::string(value.as_string()) : wrong;
    };
    BOOST_TEST(read("12.5") == "12.50");
    BOOST_TEST(read(12.5) == "12.50");
    BOOST_TEST(read(12) == "12.00");
    BOOST_TEST(read("0012.00") == "12.00");
    BOOST_TEST(read("12.500") == "12.50");
    BOOST_TEST(read("0") == "0.00");
    BOOST_TEST(read("-0") == "0.00");
    BOOST_TEST(read(9999999999.99) == "9999999999.99");
    BOOST_TEST(read(0.1 + 0.2) == "Ensure that there are no more than 2 decimal places.");
    BOOST_TEST(read("12.345") == "Ensure that there are no more than 2 decimal places.");
    BOOST_TEST(read("10000000000") == "Ensure that there are no more than 10 digits before the decimal point.");
    BOOST_TEST(read(1e300) == "Ensure that there are no more than 10 digits before the decimal point.");
    BOOST_TEST(read("-0.01") == "Ensure this value is greater than or equal to 0.00.");
    for (const json::value& bad :
         {json::value(""), json::value("."), json::value("1."), json::value(".5"), json::value("1e3"),
          json::value("+1"), json::value("NaN"), json::value("Infinity"), json::value(" 1"), json::value("1,5"),
          json::value(true), json::value(18446744073709551615ull)})
        BOOST_TEST(read(bad) == "A valid number is required.", json::serialize(bad));
    BOOST_TEST(check<api::Decimal<1>>(0) == "Ensure this value is greater than or equal to 0.01.");
}

BOOST_AUTO_TEST_CASE(references_are_ids_without_duplicates) {
    using Recipients = api::References<::users, 1, 3>;
    auto read = [](json::value value, Source source) {
        std::string wrong = Type<Recipients>::check(value, source);
        return wrong.empty() ? json::serialize(value) : wrong;
    };
    BOOST_TEST(read(json::array{7, 9007199254740993}, Source::json) == "[7,9007199254740993]");
    BOOST_TEST(read("7,2,9", Source::text) == "[7,2,9]");
    BOOST_TEST(read(json::array{1, 2, 3, 4}, Source::json) == "Ensure this field has no more than 3 elements.");
    BOOST_TEST(read(json::array{}, Source::json) == "This list may not be empty.");
    BOOST_TEST(read("", Source::text) == "This list may not be empty.");
    BOOST_TEST(read("7,7", Source::text) == "An id appears more than once.");
    BOOST_TEST(read("7,07", Source::text) == "An id appears more than once.");
    for (const char* bad : {",", "7,", ",7", "7, 8", "7;8", "99999999999999999999", "ann"})
        BOOST_TEST(read(bad, Source::text) == "A valid integer is required.", bad);
    BOOST_TEST(read("0", Source::text) == "Ensure this value is greater than or equal to 1.");
    BOOST_TEST(read(json::array{"7"}, Source::json) == "A valid integer is required.");
    BOOST_TEST(read(json::array{json::array{7}}, Source::json) == "A valid integer is required.");
    BOOST_TEST(read(7, Source::json) == "Expected a list of ids.");
    BOOST_TEST((check<api::References<::users, 0, 3>>("", Source::text).empty()));
    BOOST_TEST((check<api::References<::users, 2, 3>>("7", Source::text)) ==
               "Ensure this field has at least 2 elements.");
    api::Shape shape = api::shape_of<Message>();
    BOOST_TEST(shape[2].required);
    BOOST_TEST(shape[2].is_list);
    BOOST_TEST(shape[2].reference == &users);
}

BOOST_AUTO_TEST_CASE(items_are_checked_one_by_one) {
    using Parts = api::Items<Part>;
    json::value one = json::parse(R"([{"name": "Belt", "quantity": 2}, {"name": "Nut"}])");
    BOOST_TEST(Type<Parts>::check(one, Source::json) == "");
    BOOST_TEST(json::serialize(one) == R"([{"name":"Belt","quantity":2},{"name":"Nut","quantity":1}])");
    BOOST_TEST(check<Parts>("[]", Source::text) == "");
    BOOST_TEST(check<Parts>("[]") == "Expected a list of objects.");
    BOOST_TEST(check<Parts>("[", Source::text) == "Expected a list of objects, as JSON.");
    BOOST_TEST(check<Parts>(json::parse(R"([{"name": "Belt"}, 7])")) == "Item 2: Expected an object.");
    BOOST_TEST(check<Parts>(json::parse(R"([{"name": "Belt", "quantity": 0}])")) ==
               "Item 1: quantity: Ensure this value is greater than or equal to 1.");
    BOOST_TEST(check<Parts>(json::parse(R"([{"quantity": 1}])")) == "Item 1: name: This field is required.");
    BOOST_TEST(check<Parts>(json::parse(R"([{"name": "Belt", "price": 1}])")) == "Item 1: price: Unknown field.");
    BOOST_TEST(check<Parts>(R"([{"name": "a", "name": "b"}])", Source::text) == "A key appears more than once: name.");
    BOOST_TEST(check<Parts>(json::value(json::array(101, json::object{{"name", "Belt"}}))) ==
               "Ensure this field has no more than 100 elements.");
}

BOOST_AUTO_TEST_CASE(a_list_as_csv_has_a_line_of_names) {
    BOOST_TEST(api::csv::header(api::shape_of<Part>()) == "name,quantity\r\n");
}

BOOST_AUTO_TEST_CASE(an_answer_with_only_lists_can_be_csv) {
    auto is_table = [](api::Shape out) {
        const api::EndpointSpec spec{.route = "GET /api/v1/x", .permissions = {api::caller}};
        return api::Operation{spec, {}, std::move(out)}.offers_csv();
    };
    BOOST_TEST(is_table(api::shape_of<TaskStatistics>()));
    BOOST_TEST(!is_table(api::shape_of<Maintenance>()));
    BOOST_TEST(!is_table(api::shape_of<Task>()));
    BOOST_TEST(!is_table({}));
    BOOST_TEST(api::csv::lists(api::shape_of<EquipmentStatistics>(), {"[]", ""}) ==
               "list,status,count,month,records,hours_spent,cost\r\n");
    BOOST_TEST(api::csv::lists(api::shape_of<EquipmentStatistics>(),
                               {R"([{"count": 3, "status": "=1+\"1\""}, {"status": null}])",
                                R"([{"month": "2026-11", "records": -1, "hours_spent": "1,50", "cost": "-2"}])"}) ==
               "list,status,count,month,records,hours_spent,cost\r\n"
               "by_status,\"'=1+\"\"1\"\"\",3,,,,\r\n"
               "by_status,,,,,,\r\n"
               "maintenance,,,2026-11,-1,\"1,50\",\"'-2\"\r\n");
}

BOOST_AUTO_TEST_CASE(a_date_must_exist) {
    for (const char* good : {"2024-02-29", "0001-01-01", "9999-12-31"}) BOOST_TEST(check<api::Date>(good) == "", good);
    for (const char* bad : {"2025-02-29", "2025-13-01", "2025-1-1", "0000-01-01", "infinity", "now", "2025-01-01T00:00",
                            "+2025-01-1", ""})
        BOOST_TEST(check<api::Date>(bad) != "", bad);
}

BOOST_AUTO_TEST_CASE(a_time_has_the_format_of_rfc_3339) {
    for (const char* good : {"2025-01-31T12:00:00Z", "2025-01-31t12:00:00.123456z", "2025-01-31T12:00:00+14:00"})
        BOOST_TEST(check<api::Time>(good) == "", good);
    for (const char* bad : {"2025-01-31", "2025-01-31T12:00:00", "2025-01-31T24:00:00Z", "2025-01-31T12:60:00Z",
                            "2025-01-31T12:00:00.Z", "today", "2025-01-31T12:00:00+1:00"})
        BOOST_TEST(check<api::Time>(bad) != "", bad);
}

BOOST_AUTO_TEST_CASE(an_integer_is_not_a_text_in_json_and_never_a_fraction) {
    BOOST_TEST(check<api::Id>(1) == "");
    BOOST_TEST(check<api::Id>(0) != "");
    BOOST_TEST(check<api::Id>("1") == "A valid integer is required.");
    BOOST_TEST(check<api::Id>("1", Source::text) == "");
    for (const char* bad : {"", "1.5", "0x1", " 1", "+1", "99999999999999999999"})
        BOOST_TEST(check<api::Id>(bad, Source::text) != "", bad);
    BOOST_TEST(check<api::Id>(1.0) == "A valid integer is required.");
    BOOST_TEST(check<api::Id>(true) == "A valid integer is required.");
}

BOOST_AUTO_TEST_CASE(a_choice_is_spelled_with_spaces_and_accepts_its_aliases) {
    BOOST_TEST(check<TaskStatus>("In Progress") == "");
    BOOST_TEST(check<TaskStatus>("In_Progress") != "");
    BOOST_TEST(check<TaskStatus>("pending") != "");
    json::value alias("Completed");
    BOOST_TEST(Type<TaskStatus>::check(alias, Source::json) == "");
    BOOST_TEST(alias == json::value("Complete"));
    BOOST_TEST((Type<TaskStatus>::load("In Progress") == TaskStatus::In_Progress));
    BOOST_TEST(Type<TaskStatus>::dump(TaskStatus::In_Progress) == json::value("In Progress"));
}

BOOST_AUTO_TEST_CASE(a_column_is_written_as_json) {
    BOOST_TEST(written<api::Text<>>("a\"b\\c\n\x01") == R"("a\"b\\c\n\u0001")");
    BOOST_TEST(written<api::Time>("2025-01-31 12:00:00.5+00") == "\"2025-01-31T12:00:00.5Z\"");
    BOOST_TEST(written<bool>("t") == "true");
    BOOST_TEST(written<api::Id>("7") == "7");
}

BOOST_AUTO_TEST_CASE(a_shape_describes_the_wrappers) {
    api::Shape shape = api::shape_of<Task>();
    auto member = [&](std::string_view name) {
        for (const api::Member& m : shape)
            if (m.name == name) return m;
        throw std::logic_error("no such member");
    };
    BOOST_TEST(member("title").required);
    BOOST_TEST(member("id").read_only);
    BOOST_TEST(member("description").nullable);
    BOOST_TEST(!member("description").required);
    BOOST_TEST(member("priority_level").initial == json::value("Medium"));
    BOOST_TEST(member("user").filled);
    BOOST_TEST(member("user").initial.is_null());
    BOOST_TEST(member("user").reference == &users);
}

BOOST_AUTO_TEST_SUITE_END()
