// Counts failed attempts by name, even if no such user exists: the response must not reveal which users exist.
#include "auth/login_throttle.hpp"

#include "base/log.hpp"

namespace api {

LoginAttempt::LoginAttempt(RequestContext& context, std::string name) : context_(context) {
    context.parameters["system.attempt"] = std::move(name);
    Rows admitted = context.query(admit_attempt);
    if (admitted.size() > 0) {
        // each new name also removes old ones, so that made-up names cannot fill the table
        if (admitted(0, 0) == "1") context.query(forget_old_attempts);
        return;
    }
    Rows wait = context.query(wait_of_attempt);
    std::string seconds = wait.size() > 0 ? std::string(wait(0, 0)) : "1";
    Problem problem(refusal_of(too_many_attempts), seconds);
    problem.headers = {{"Retry-After", seconds}};
    throw problem;
}

void LoginAttempt::succeeded() {
    context_.query(forget_attempt);
    decided_ = true;
}

LoginAttempt::~LoginAttempt() {
    if (decided_) return;
    try {
        context_.database.rollback();
        context_.query(take_attempt_back);
    } catch (...) {  // a destructor must not throw
        log_line(context_.database.program(), "an unfinished password check remains counted as a failed attempt",
                 context_.request.id());
    }
}

}  // namespace api
