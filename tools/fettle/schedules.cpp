// fettle schedules run: creates the work orders that the schedules of preventive maintenance require now.
#include <iostream>

#include "command_database.hpp"
#include "commands.hpp"
#include "sql/statement.hpp"

namespace tool {

int schedules_run(const Arguments&) {
    api::Database database("schedules_run");
    connect(database);
    // at most 500 in one transaction, so that no lock is held for long
    const api::Statement make_orders = api::numbered("select make_due_orders(500)");
    long long total = 0, made = 0;
    do {
        begin_audited(database, "schedules run");
        made = database.query(make_orders, {}).integer();
        database.commit();
        total += made;
    } while (made > 0);
    std::cout << "work orders created: " << total << '\n';
    return 0;
}

}  // namespace tool
