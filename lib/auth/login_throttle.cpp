// Counts failures by name, whether such a user exists or not: the answer must not tell.
#include "auth/login_throttle.hpp"

#include "base/log.hpp"

namespace api {

Attempt::Attempt(Exchange& exchange, std::string name) : exchange_(exchange) {
    exchange.parameters["attempt"] = std::move(name);
    Rows admitted = exchange.query(admit_attempt);
    if (admitted.size() > 0) {
        // a new name pays for the removal of old ones, so that inventing names does not fill the table
        if (admitted(0, 0) == "1") exchange.query(forget_old_attempts);
        return;
    }
    Rows wait = exchange.query(wait_of_attempt);
    std::string seconds = wait.size() > 0 ? std::string(wait(0, 0)) : "1";
    Problem problem(refusal_of(too_many_attempts), seconds);
    problem.headers = {{"Retry-After", seconds}};
    throw problem;
}

void Attempt::succeeded() {
    exchange_.query(forget_attempt);
    decided_ = true;
}

Attempt::~Attempt() {
    if (decided_) return;
    try {
        exchange_.database.rollback();
        exchange_.query(take_attempt_back);
    } catch (...) {  // of a destructor nothing is thrown
        log_line(exchange_.database.program(), "an attempt that was not decided counts as a failure",
                 exchange_.request.id());
    }
}

}  // namespace api
