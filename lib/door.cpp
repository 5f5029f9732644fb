// Counts failures by name, whether such a user exists or not: the answer must not tell.
#include "door.hpp"

namespace api {

Attempt::Attempt(Exchange& exchange, std::string name) : exchange_(exchange) {
    exchange.parameters["attempt"] = std::move(name);
    Rows admitted = exchange.query(R"(
        insert into login_failures as f (name, failures) values (lower(:attempt), 1)
        on conflict (name) do update
        set failures = case when f.last_at < clock_timestamp() - interval '24 hours' then 1 else f.failures + 1 end,
            last_at = clock_timestamp(),
            blocked_until = clock_timestamp() +
                case when f.last_at < clock_timestamp() - interval '24 hours' or f.failures < 4 then interval '0'
                     else least(interval '1 second' * power(2, least(f.failures - 4, 20)), interval '15 minutes') end
         where f.blocked_until <= clock_timestamp()
        returning failures)");
    if (admitted.size() > 0) {
        // a new name pays for the removal of old ones, so that inventing names does not fill the table
        if (admitted(0, 0) == "1")
            exchange.query(R"(
                delete from login_failures
                 where name in (select name from login_failures where last_at < now() - interval '24 hours' limit 10))");
        return;
    }
    Rows wait = exchange.query(R"(
        select greatest(1, ceil(extract(epoch from blocked_until - clock_timestamp())))::int
          from login_failures where name = lower(:attempt))");
    std::string seconds = wait.size() > 0 ? std::string(wait(0, 0)) : "1";
    Problem problem(refusal_of(too_many_attempts), seconds);
    problem.headers = {{"Retry-After", seconds}};
    throw problem;
}

void Attempt::succeeded() {
    exchange_.query("delete from login_failures where name = lower(:attempt)");
    decided_ = true;
}

Attempt::~Attempt() {
    if (decided_) return;
    try {
        exchange_.database.rollback();
        exchange_.query(R"(
            update login_failures
               set failures = greatest(failures - 1, 0), blocked_until = now()
             where name = lower(:attempt))");
    } catch (...) {  // whatever went wrong is being reported already; then the attempt counts
    }
}

}  // namespace api
