// The statements that forms become.
#include "statement.hpp"

#include <boost/test/unit_test.hpp>

#include "objects/task.hpp"

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

BOOST_AUTO_TEST_CASE(a_page_has_one_limited_branch_for_each_way_to_see) {
    api::Operation operation = api::operation_of(list);
    api::PageQuery query;
    std::string first = api::statement_of(operation, query).text;
    std::size_t branches = 0;
    for (std::size_t at = first.find("union all"); at != first.npos; at = first.find("union all", at + 1)) ++branches;
    BOOST_TEST(branches == 6u);  // four ways, once for the page and once for the count

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
