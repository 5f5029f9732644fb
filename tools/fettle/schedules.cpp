// fettle schedules run: makes the work orders that schedules of preventive maintenance are due with.
#include <iostream>

#include "command.hpp"
#include "sql/statement.hpp"

namespace tool {

int schedules_run(const Arguments&) {
    api::Database database("schedules_run");
    open(database);
    // as many as one transaction makes: no lock is held for long
    const api::Statement step = api::numbered("select make_due_orders(500)");
    long long made = 0, now = 0;
    do {
        begin(database, "schedules run");
        now = std::stoll(std::string(database.query(step, {})(0, 0)));
        database.commit();
        made += now;
    } while (now > 0);
    std::cout << "work orders made: " << made << '\n';
    return 0;
}

}  // namespace tool
