// The login throttle: after five wrong passwords in a row, each further attempt must wait, and the wait doubles each
// time.
#pragma once
#include "schema/endpoint.hpp"
#include "sql/request_context.hpp"

namespace api {

/// A rule of every endpoint that checks a password.
inline constexpr Rule too_many_attempts =
    thrown("too_many_attempts", 429, "Too many failed attempts. Try again in {} seconds.");

/// The statements of a LoginAttempt: admit and count an attempt, remove old names, read the remaining wait, forget the
/// failures after a success, and undo the count of an attempt that was not finished.
inline constexpr std::string_view admit_attempt = R"(
    insert into login_failures as f (name, failures) values (lower(:system.attempt), 1)
    on conflict (name) do update
    set failures = case when f.last_at < clock_timestamp() - interval '24 hours' then 1 else f.failures + 1 end,
        last_at = clock_timestamp(),
        blocked_until = clock_timestamp() +
            case when f.last_at < clock_timestamp() - interval '24 hours' or f.failures < 4 then interval '0'
                 else least(interval '1 second' * power(2, least(f.failures - 4, 20)), interval '15 minutes') end
     where f.blocked_until <= clock_timestamp()
    returning failures)";
inline constexpr std::string_view forget_old_attempts = R"(
    delete from login_failures
     where name in (select name from login_failures where last_at < now() - interval '24 hours' limit 10))";
inline constexpr std::string_view wait_of_attempt = R"(
    select greatest(1, ceil(extract(epoch from blocked_until - clock_timestamp())))::int
      from login_failures where name = lower(:system.attempt))";
inline constexpr std::string_view forget_attempt = "delete from login_failures where name = lower(:system.attempt)";
inline constexpr std::string_view take_attempt_back = R"(
    update login_failures
       set failures = greatest(failures - 1, 0), blocked_until = now()
     where name = lower(:system.attempt))";
/// The .queries of every endpoint that checks a password.
inline constexpr Queries attempts{admit_attempt, forget_old_attempts, wait_of_attempt, forget_attempt,
                                  take_attempt_back};

/// One attempt with a password. It is counted as a failure when it begins, in a transaction of its own: concurrent
/// attempts cannot exceed the limit. A success removes the count.
class LoginAttempt {
public:
    /// Throws Problem 429 with Retry-After while the name has to wait: 1 s after the fifth failure in a row, doubling
    /// up to 15 minutes. Failures are forgotten after 24 hours without a new one. Names are compared without regard to
    /// case.
    LoginAttempt(RequestContext& context, std::string name);
    /// Undoes the count if neither succeeded() nor failed() was called.
    ~LoginAttempt();
    LoginAttempt(const LoginAttempt&) = delete;
    LoginAttempt& operator=(const LoginAttempt&) = delete;
    void succeeded();
    void failed() { decided_ = true; }

private:
    RequestContext& context_;
    bool decided_ = false;
};

}  // namespace api
