// Registration: creates an account with the role `employee`. The very first account becomes a superuser.
#include "api.hpp"
#include "auth/password.hpp"
#include "base/settings.hpp"
#include "objects/user.hpp"

namespace {

struct Registration : User {
    api::Password password;
};
BOOST_DESCRIBE_STRUCT(Registration, (User), (password))

constexpr api::Rule registration_closed =
    api::thrown("registration_closed", 403, "Registration is closed. Ask an administrator for an account.");

api::Reply register_user(api::RequestContext& context) {
    if (!api::settings().registration_open) throw api::Problem(api::refusal_of(registration_closed));
    const auto account = context.body<Registration>();
    const std::string& password = account.password.value;
    if (std::string weak = api::password::weakness(password, account.username.value, account.email.value);
        !weak.empty())
        throw api::invalid({{"password", {weak}}});
    context.bind("password_hash", api::password::hash(password));
    try {
        return context.answer();
    } catch (const api::Problem& problem) {
        if (problem.code != "one_first_user") throw;
        return context.answer();  // another request has just created the first account; now it is visible
    }
}

constexpr api::Endpoint<Registration, User> registration{{
    .route = "POST /api/v1/auth/register",
    .also = {"POST /api/user_management/users/register", "POST /api/register"},
    .summary = "Register an account. The first account becomes a superuser.",
    .permissions = {api::anyone},
    .resource = users,
    .computed = {{"roles", "'[\"employee\"]'"}},
    .rules = {registration_closed},
    .sql = R"(
answer as (
    select made.*
      from register_account(:body.username, :body.email, :body.first_name, :body.last_name, :extra.password_hash,
                            :system.ip) made
), me as (
    select answer.id from answer
))",
    .extra_params = {{"password_hash", "text"}},
    .run = register_user,
    .rate_limited = true,
    .no_store = true,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, registration); }
