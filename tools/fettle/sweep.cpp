// fettle sweep: removes what nobody asks for any more, in small steps.
#include <iostream>

#include "command.hpp"
#include "base/settings.hpp"
#include "sql/statement.hpp"

namespace tool {

namespace {

/// Something that is of no use after a while: what it is, and its rows, of which a step removes as many as one says.
struct Waste {
    const char* what;
    const char* table;
    const char* key;  ///< the columns of its primary key
    const char* condition;
};

constexpr Waste kinds[] = {
    // a session lives 30 days at most: until then, its tokens are told why they are of no use
    {"sessions and tokens that ended more than 30 days ago", "sessions", "id",
     "coalesce(ended_at, expires_at) < now() - interval '30 days'"},
    // forgotten after 24 hours anyway (lib/auth/login_throttle.hpp)
    {"failed logins of more than 24 hours ago", "login_failures", "name", "last_at < now() - interval '24 hours'"},
    // a client that lost an answer asks again sooner than that
    {"answers kept for an Idempotency-Key of more than 24 hours ago", "idempotency_keys", "user_id, route, key",
     "created_at < now() - interval '24 hours'"},
};

/// Rows of one transaction: no lock is held for long.
constexpr int step = 1000;

}  // namespace

int sweep(const Arguments&) {
    api::Database database("sweep");
    open(database);
    for (const Waste& waste : kinds) {
        const std::string key = waste.key, table = waste.table;
        const api::Statement removal =
            api::numbered("with gone as (delete from " + table + " where (" + key + ") in (select " + key + " from " +
                          table + " where " + waste.condition + " limit " + std::to_string(step) +
                          " for update skip locked) returning 1) select count(*) from gone");
        long long removed = 0, now = step;
        while (now == step) {
            begin(database, "sweep");
            now = std::stoll(std::string(database.query(removal, {})(0, 0)));
            database.commit();
            removed += now;
        }
        std::cout << waste.what << ": " << removed << '\n';
    }
    const Swept files = sweep_files(database);
    std::cout << "files that nothing speaks of any more: " << files.removed << '\n';
    if (files.left > 0) std::cout << "files that are older than the database, and left alone: " << files.left << '\n';
    if (const long long missing = missing_files(database); missing > 0)
        throw Complaint(counted(missing, "file") + (missing == 1 ? " is" : " are") + " missing in " +
                        api::settings().storage + "; restore what is named above from a backup");
    return 0;
}

}  // namespace tool
