// The SQL statements of endpoints.
#include <boost/test/unit_test.hpp>

#include "objects/maintenance.hpp"
#include "objects/message.hpp"
#include "serve/idempotency.hpp"
#include "sql/page_builder.hpp"
#include "sql/statement_builder.hpp"
#include "sql/template.hpp"

namespace {

constexpr api::Endpoint<api::None, Task> show{{
    .route = "GET /api/v1/tasks/{task_id}",
    .summary = "Show.",
    .permissions = {api::caller},
    .resource = tasks,
}};
constexpr api::Endpoint<Task, Task> change{{
    .route = "PATCH /api/v1/tasks/{task_id}",
    .summary = "Change.",
    .permissions = {"tasks.create"},
    .resource = tasks,
    .rules = {{.code = "later", .status = 409, .when = "it.status = 'Complete'", .detail = "Later."},
              {.code = "first",
               .status = 403,
               .when = "input.title = 'x' and not has_permission(tasks.assign)",
               .detail = "First."}},
}};
constexpr api::Endpoint<api::None, api::Page<Task>> list{{
    .route = "GET /api/v1/tasks",
    .summary = "List.",
    .permissions = {api::caller},
    .resource = tasks,
    .ordering = {"id", "due_date", "title"},
}};

constexpr api::Endpoint<Maintenance, Maintenance> create_of{{
    .route = "POST /api/v1/maintenance",
    .summary = "Create.",
    .permissions = {"maintenance.create"},
    .resource = maintenance,
    .parent = tasks,
    .server_set = {{"equipment", "task.equipment"}},
    .rules = {{.code = "held",
               .status = 409,
               .when = "task.claimed_until > now()",
               .detail = "{} holds it.",
               .name = "(select 'Ann')"},
              api::constraint("named", "Words.")},
}};
constexpr api::Endpoint<api::None, api::Page<Reading>> list_of{{
    .route = "GET /api/v1/equipment/{equipment_id}/readings",
    .summary = "List.",
    .permissions = {api::caller},
    .resource = readings,
    .parent = equipment,
    .where = "it.equipment = :path.equipment_id",
}};

constexpr api::Endpoint<Message, Message> send{{
    .route = "POST /api/v1/messages",
    .summary = "Send.",
    .permissions = {"messages.send"},
    .resource = messages,
    .server_set = {{"subject", "left(:body.recipients, 1)"}},
}};
constexpr api::Endpoint<api::None, api::Page<Message>> mailbox{{
    .route = "GET /api/v1/messages",
    .summary = "List.",
    .permissions = {api::caller},
    .resource = messages,
    .choices = {{"unread", "true", "it.read_at is null and has_permission(messages.send)"}},
}};

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(statement)

BOOST_AUTO_TEST_CASE(names_become_numbers_outside_of_strings_and_casts) {
    api::Statement s = api::numbered("select :a, ':b', 'it''s :c'::text, :b, :a where has_permission(tasks.create)");
    BOOST_TEST(s.text == "select $1, ':b', 'it''s :c'::text, $2, $1 where me.\"tasks.create\"");
    BOOST_TEST(s.names.size() == 2u);
    BOOST_TEST(api::numbered("has_permission(tasks.create)", {}, false).text == "false");
}

BOOST_AUTO_TEST_CASE(a_read_locks_nothing_and_sets_no_caller) {
    api::Statement s = api::statement_of(api::operation_of(show));
    BOOST_TEST(!has(s.text, "for update"));
    BOOST_TEST(!has(s.text, "set_caller"));
    BOOST_TEST(has(s.text, "it.author = me.id"));
}

BOOST_AUTO_TEST_CASE(rules_come_in_the_order_403_version_409) {
    api::Statement s = api::statement_of(api::operation_of(change));
    BOOST_TEST(has(s.text, "for update of it"));
    BOOST_TEST(has(s.text, "set_caller(s.user_id, s.id, $"));
    BOOST_TEST(s.text.find("\"first\"") < s.text.find("\"stale\""));
    BOOST_TEST(s.text.find("\"stale\"") < s.text.find("\"later\""));
    BOOST_TEST(has(s.text, "jsonb_build_object('code', 'no_such', 'fields', found.names)"));
    BOOST_TEST(has(s.text, "not me.\"tasks.create\" then '{\"code\": \"permission_missing\"}'::jsonb"));
}

BOOST_AUTO_TEST_CASE(the_parent_is_locked_before_the_rules_are_evaluated) {
    std::string text = api::statement_of(api::operation_of(create_of)).text;
    BOOST_TEST(text.find("parent as materialized") < text.find("target as materialized"));
    BOOST_TEST(has(text, "for no key update of it"));
    BOOST_TEST(has(text, "left join parent task on true"));
    BOOST_TEST(has(text, "then jsonb_build_object('code', 'held', 'name', (select 'Ann'))"));
    BOOST_TEST(!has(text, "named"));  // the constraint of that name refuses it, not the statement
    BOOST_TEST(has(text, "jsonb_build_array('task')"));
}

BOOST_AUTO_TEST_CASE(a_list_of_a_hidden_parent_is_not_found) {
    std::string text = api::statement_of(api::operation_of(list_of), api::PageQuery{}).text;
    BOOST_TEST(has(text, "parent.id is null then '{\"code\": \"not_found\"}'::jsonb"));
    BOOST_TEST(has(text, "exists (select from parent)"));
    BOOST_TEST(!has(text, "for no key update"));
}

BOOST_AUTO_TEST_CASE(each_id_of_a_list_of_references_is_checked) {
    std::string text = api::statement_of(api::operation_of(send)).text;
    BOOST_TEST(has(text, "jsonb_array_elements_text($"));
    BOOST_TEST(has(text, "from users it where it.id = named.id::bigint and (true) and it.is_active offset 0)"));
    BOOST_TEST(has(text, "then 'recipients' end"));
    BOOST_TEST(!has(text, "input.\"recipients\""));
}

BOOST_AUTO_TEST_CASE(the_permission_of_a_choice_is_queried) {
    const api::Operation operation = api::operation_of(mailbox);
    BOOST_TEST(api::CallerSql(operation).permissions() == std::vector<std::string>{"messages.send"},
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_idempotency_key_is_stored_for_a_caller_with_the_permission) {
    std::string text = api::key_statement(api::operation_of(create_of)).text;
    BOOST_TEST(has(text, "where me.denied_as is null and me.\"maintenance.create\""));
    BOOST_TEST(has(text, "interval '24 hours'"));
}

BOOST_AUTO_TEST_CASE(a_page_has_one_limited_branch_for_each_way_to_see) {
    api::Operation operation = api::operation_of(list);
    api::PageQuery query;
    std::string first = api::statement_of(operation, query).text;
    std::size_t branches = 0;
    for (std::size_t at = first.find("union all"); at != first.npos; at = first.find("union all", at + 1)) ++branches;
    BOOST_TEST(branches == 6u);  // four ways, for the page and for its count
    BOOST_TEST(has(first, "it limit 1001) it) end as rows"));

    api::Shape& shape = operation.answer;
    query.after_cursor = true;
    query.counted = false;
    query.order = {{&shape[3], true}, {&shape[1], true}};  // -due_date,-title: one direction, one row comparison
    query.id_descending = true;
    BOOST_TEST(has(api::statement_of(operation, query).text,
                   "(coalesce(it.\"due_date\", '-infinity'), it.\"title\", it.id) < ("));
    query.order[1].descending = false;
    query.id_descending = false;
    BOOST_TEST(has(api::statement_of(operation, query).text, "coalesce(it.\"due_date\", '-infinity') <= "));
}

/// Fields with the names that the library uses for parameters of statements.
struct Names {
    api::Text<> route;
    api::Text<> digest;
    api::Text<> key;
    api::Text<> status;
    api::Text<> session_key;
};
BOOST_DESCRIBE_STRUCT(Names, (), (route, digest, key, status, session_key))
constexpr api::Endpoint<Names, api::Detail> echo{{
    .route = "POST /api/v1/echo",
    .summary = "Echo.",
    .permissions = {api::caller},
    .sql = R"(answer as (
        select concat(:body.route, :body.digest, :body.key, :body.status, :body.session_key) as detail from authorized))",
}};

BOOST_AUTO_TEST_CASE(a_field_with_a_name_of_the_library_is_another_parameter) {
    const std::vector<std::string> names = api::statement_of(api::operation_of(echo)).names;
    for (const char* name : {"system.session_key", "body.session_key", "body.route", "body.digest", "body.key"})
        BOOST_TEST(std::count(names.begin(), names.end(), name) == 1, name);
}

BOOST_AUTO_TEST_CASE(a_change_reads_each_field_once_with_its_type) {
    const std::string text = api::statement_of(api::operation_of(change)).text;
    BOOST_TEST(has(text, "::boolean then $"));
    BOOST_TEST(has(text, "::date else it.\"due_date\" end as \"due_date\""));
    BOOST_TEST(!has(text, "jsonb_populate_record"));
}

BOOST_AUTO_TEST_CASE(a_template_keeps_the_indentation_of_its_placeholders) {
    BOOST_TEST(api::fill("a {x}\n  {none}\n{y} b", {{"x", "1\n2"}, {"y", ""}, {"none", ""}}) == "a 1\n  2\n b");
    BOOST_TEST(api::fill("\n  {x}{x}", {{"x", "1"}}) == "  11");
    BOOST_CHECK_THROW(api::fill("{x}", {}), std::logic_error);
    BOOST_TEST(api::dedented("\n    a\n      b\n    c") == "a\n  b\nc");
    BOOST_TEST(api::dedented("a (\n        b\n    )") == "a (\n    b\n)");
}

BOOST_AUTO_TEST_SUITE_END()
