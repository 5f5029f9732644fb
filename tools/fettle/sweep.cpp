// fettle sweep: deletes old rows in small transactions, removes unused files, and reports missing ones.
#include <iostream>

#include "base/settings.hpp"
#include "command_database.hpp"
#include "commands.hpp"
#include "errors.hpp"
#include "sql/statement.hpp"
#include "stored_files.hpp"
#include "text.hpp"

namespace tool {

namespace {

/// Rows of a table that are no longer needed after a while.
struct ExpiredRows {
    const char* label;
    const char* table;
    const char* key;  ///< the columns of its primary key
    const char* condition;
};

constexpr ExpiredRows expired_rows[] = {
    // a session lives at most 30 days: until then, a client with one of its tokens learns why the token is refused
    {"sessions and tokens that ended more than 30 days ago", "sessions", "id",
     "coalesce(ended_at, expires_at) < now() - interval '30 days'"},
    // the login throttle ignores them after 24 hours (lib/auth/login_throttle.hpp)
    {"failed logins older than 24 hours", "login_failures", "name", "last_at < now() - interval '24 hours'"},
    // a client that lost a response retries sooner than that
    {"responses for an Idempotency-Key older than 24 hours", "idempotency_keys", "user_id, route, key",
     "created_at < now() - interval '24 hours'"},
};

/// The number of rows that one transaction deletes at most, so that no lock is held for long.
constexpr int batch_size = 1000;

/// Deletes them, and returns their number.
long long remove_rows(api::Database& database, const ExpiredRows& expired) {
    const std::string key = expired.key, table = expired.table;
    const api::Statement remove_batch =
        api::numbered("with gone as (delete from " + table + " where (" + key + ") in (select " + key + " from " +
                      table + " where " + expired.condition + " limit " + std::to_string(batch_size) +
                      " for update skip locked) returning 1) select count(*) from gone");
    long long total = 0, removed = batch_size;
    while (removed == batch_size) {
        begin_audited(database, "sweep");
        removed = database.query(remove_batch, {}).integer();
        database.commit();
        total += removed;
    }
    return total;
}

}  // namespace

int sweep(const Arguments&) {
    api::Database database("sweep");
    connect(database);
    for (const ExpiredRows& expired : expired_rows)
        std::cout << "deleted " << expired.label << ": " << remove_rows(database, expired) << '\n';
    const SweptFiles files = sweep_files(database);
    std::cout << "deleted stored files that nothing refers to: " << files.removed << '\n';
    if (files.kept > 0)
        std::cout << "left alone, because they are older than the database and may belong to a backup: "
                  << with_noun(files.kept, "file") << '\n';
    if (const long long missing = report_missing_files(database); missing > 0)
        throw UserError(with_noun(missing, "file") + (missing == 1 ? " is" : " are") + " missing or damaged in " +
                        api::settings().storage + "; restore the files named above from a backup");
    return 0;
}

}  // namespace tool
