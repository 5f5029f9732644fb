// fettle example: fills an empty database with the example workshop of sql/example.sql.
#include <iostream>

#include "auth/password.hpp"
#include "base/crypto.hpp"
#include "command_database.hpp"
#include "commands.hpp"
#include "errors.hpp"
#include "release_files.hpp"
#include "sql/statement.hpp"
#include "text.hpp"

namespace tool {

namespace {

/// 96 random bits in 16 characters: impossible to guess, and short enough to type.
std::string random_password() { return api::crypto::base64url(api::crypto::random_bytes(12)); }

/// Whether there is equipment, or an account other than one superuser.
bool is_in_use(api::Database& database) {
    return database.query(api::numbered("select exists (select from equipment) or exists (select from users where not "
                                        "is_superuser) or (select count(*) from users) > 1"),
                          {})(0, 0) == "t";
}

void print_counts(api::Database& database) {
    const api::Rows rows = database.query(api::numbered(R"(
        select (select count(*) from users), (select count(*) from equipment), (select count(*) from readings),
               (select count(*) from schedules), count(equipment), (select count(*) from maintenance),
               count(*) - count(equipment), (select count(*) from messages), (select count(*) from reports)
          from tasks)"),
                                          {});
    constexpr const char* nouns[] = {"account",    "item",    "reading", "schedule", "work order", "maintenance record",
                                     "other task", "message", "report"};
    std::cout << "Created the example workshop:";
    for (std::size_t i = 0; i < std::size(nouns); ++i)
        std::cout << (i ? ", " : " ") << with_noun(rows.integer(0, i), nouns[i]);
    std::cout << ".\n";
}

}  // namespace

int example(const Arguments& arguments) {
    if (!arguments.empty() && arguments[0] != "if-empty")
        throw UsageError("unknown argument " + arguments[0] + "; only if-empty is possible");
    api::Database database("example", true);
    connect(database);
    begin_audited(database, "example");
    // no account can be registered between the check and the commit
    database.script("lock table users, equipment in share row exclusive mode");
    if (is_in_use(database)) {
        constexpr const char* reason = "the database already has accounts or equipment; nothing was changed";
        if (arguments.empty()) throw UserError(reason);
        std::cout << "No example data were created: " << reason << ".\n";
        return 0;
    }
    const std::string password = random_password();
    database.query(api::numbered("select set_config('fettle.example_hash', :hash, true)"),
                   {{"hash", api::password::hash(password)}});
    run_script(database, sql_folder() / "example.sql");
    const api::Rows people = database.query(api::numbered(R"(
        select u.username, min(p.job_title)
          from users u join profiles p using (id) join user_roles ur on ur.user_id = u.id
               join credentials c on c.user_id = u.id and c.password_hash = current_setting('fettle.example_hash')
         where u.is_active
         group by u.id order by max(ur.role_id) desc, u.id limit 5)"),
                                            {});
    print_counts(database);
    database.commit();
    std::cout << "The password of all these accounts is " << password << "; log in with one of these usernames:\n";
    for (std::size_t i = 0; i < people.size(); ++i) std::cout << "  " << people(i, 0) << ", " << people(i, 1) << '\n';
    return 0;
}

}  // namespace tool
