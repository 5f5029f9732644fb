// The statements that forms become.
#include "sql/statement.hpp"

#include <boost/test/unit_test.hpp>

#include "objects/maintenance.hpp"
#include "objects/message.hpp"

namespace {

constexpr api::Endpoint<api::None, Task> show{{
    .route = "GET /api/v1/tasks/{task_id}",
    .summary = "Show.",
    .permissions = {api::caller},
    .object = tasks,
}};
constexpr api::Endpoint<Task, Task> change{{
    .route = "PATCH /api/v1/tasks/{task_id}",
    .summary = "Change.",
    .permissions = {"tasks.create"},
    .object = tasks,
    .rules = {{"later", 409, "it.status = 'Complete'", "Later."},
              {"first", 403, "given.title = 'x' and not may(tasks.assign)", "First."}},
}};
constexpr api::Endpoint<api::None, api::Page<Task>> list{{
    .route = "GET /api/v1/tasks",
    .summary = "List.",
    .permissions = {api::caller},
    .object = tasks,
    .ordering = {"id", "due_date", "title"},
}};

constexpr api::Endpoint<Maintenance, Maintenance> create_of{{
    .route = "POST /api/v1/maintenance",
    .summary = "Create.",
    .permissions = {"maintenance.create"},
    .object = maintenance,
    .of = tasks,
    .fills = {{"equipment", "task.equipment"}},
    .rules = {{"held", 409, "task.claimed_until > now()", "{} holds it.", "", "(select 'Ann')"},
              {"named", 409, "", "Words."}},
}};
constexpr api::Endpoint<api::None, api::Page<Reading>> list_of{{
    .route = "GET /api/v1/equipment/{equipment_id}/readings",
    .summary = "List.",
    .permissions = {api::caller},
    .object = readings,
    .of = equipment,
    .where = "it.equipment = :equipment_id",
}};

constexpr api::Endpoint<Message, Message> send{{
    .route = "POST /api/v1/messages",
    .summary = "Send.",
    .permissions = {"messages.send"},
    .object = messages,
    .fills = {{"subject", "left(:recipients, 1)"}},
}};
constexpr api::Endpoint<api::None, api::Page<Message>> mailbox{{
    .route = "GET /api/v1/messages",
    .summary = "List.",
    .permissions = {api::caller},
    .object = messages,
    .choices = {{"unread", "true", "it.read_at is null and may(messages.send)"}},
}};

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(statement)

BOOST_AUTO_TEST_CASE(names_become_numbers_outside_of_strings_and_casts) {
    api::Statement s = api::numbered("select :a, ':b', 'it''s :c'::text, :b, :a where may(tasks.create)");
    BOOST_TEST(s.text == "select $1, ':b', 'it''s :c'::text, $2, $1 where me.\"tasks.create\"");
    BOOST_TEST(s.names.size() == 2u);
    BOOST_TEST(api::numbered("may(tasks.create)", false).text == "false");
}

BOOST_AUTO_TEST_CASE(a_read_locks_nothing_and_tells_nobody) {
    api::Statement s = api::statement_of(api::operation_of(show));
    BOOST_TEST(!has(s.text, "for update"));
    BOOST_TEST(!has(s.text, "set_config"));
    BOOST_TEST(has(s.text, "it.author = me.id"));
}

BOOST_AUTO_TEST_CASE(rules_are_asked_403_then_version_then_409) {
    api::Statement s = api::statement_of(api::operation_of(change));
    BOOST_TEST(has(s.text, "for update of it"));
    BOOST_TEST(has(s.text, "set_config('fettle.caller'"));
    BOOST_TEST(s.text.find("'first'") < s.text.find("'stale'"));
    BOOST_TEST(s.text.find("'stale'") < s.text.find("'later'"));
    BOOST_TEST(has(s.text, "'no_such:' ||"));
    BOOST_TEST(has(s.text, "me.\"tasks.create\" then 'permission_missing'"));
}

BOOST_AUTO_TEST_CASE(what_something_is_made_of_is_locked_before_the_rules_are_asked) {
    std::string text = api::statement_of(api::operation_of(create_of)).text;
    BOOST_TEST(text.find("parent as materialized") < text.find("seen as materialized"));
    BOOST_TEST(has(text, "for no key update of it"));
    BOOST_TEST(has(text, "left join parent task on true"));
    BOOST_TEST(has(text, "then concat('held:', (select 'Ann'))"));
    BOOST_TEST(!has(text, "named"));  // the constraint of that name refuses it, not the statement
    BOOST_TEST(has(text, "'no_such:task'"));
}

BOOST_AUTO_TEST_CASE(a_list_of_what_is_hidden_is_not_there) {
    std::string text = api::statement_of(api::operation_of(list_of), api::PageQuery{}).text;
    BOOST_TEST(has(text, "parent.id is null then 'not_found'"));
    BOOST_TEST(has(text, "exists (select from parent)"));
    BOOST_TEST(!has(text, "for no key update"));
}

BOOST_AUTO_TEST_CASE(each_of_a_list_of_references_is_looked_up) {
    std::string text = api::statement_of(api::operation_of(send)).text;
    BOOST_TEST(has(text, "jsonb_array_elements_text($"));
    BOOST_TEST(has(text, "from users it where it.id = named.id::bigint and (true) and it.is_active offset 0)"));
    BOOST_TEST(has(text, "then 'recipients' end"));
    BOOST_TEST(!has(text, "given.\"recipients\""));
}

BOOST_AUTO_TEST_CASE(a_choice_that_asks_for_a_permission_has_it_looked_up) {
    BOOST_TEST(api::codes_of(api::operation_of(mailbox)) == std::vector<std::string>{"messages.send"},
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_idempotency_key_is_taken_for_whoever_may) {
    std::string text = api::key_statement(api::operation_of(create_of)).text;
    BOOST_TEST(has(text, "where me.dead is null and me.\"maintenance.create\""));
    BOOST_TEST(has(text, "interval '24 hours'"));
}

BOOST_AUTO_TEST_CASE(a_page_has_one_limited_branch_for_each_way_to_see) {
    api::Operation operation = api::operation_of(list);
    api::PageQuery query;
    std::string first = api::statement_of(operation, query).text;
    std::size_t branches = 0;
    for (std::size_t at = first.find("union all"); at != first.npos; at = first.find("union all", at + 1)) ++branches;
    BOOST_TEST(branches == 3u);  // four ways
    BOOST_TEST(has(first, "way_4.rows"));  // each counts itself

    api::Shape& shape = operation.out;
    query.after_cursor = true;
    query.counted = false;
    query.order = {{&shape[3], true}, {&shape[1], true}};  // -due_date,-title: one direction, one comparison of rows
    query.id_descending = true;
    BOOST_TEST(has(api::statement_of(operation, query).text,
                   "(coalesce(it.\"due_date\", '-infinity'), it.\"title\", it.id) < ("));
    query.order[1].descending = false;
    query.id_descending = false;
    BOOST_TEST(has(api::statement_of(operation, query).text, "coalesce(it.\"due_date\", '-infinity') <= "));
}

BOOST_AUTO_TEST_SUITE_END()
