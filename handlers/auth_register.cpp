// Registration: a new account, with the role of every employee. The very first one becomes superuser.
#include "api.hpp"
#include "objects/user.hpp"
#include "auth/password.hpp"
#include "base/settings.hpp"

namespace {

struct Registration : User {
    api::Password password;
};
BOOST_DESCRIBE_STRUCT(Registration, (User), (password))

constexpr api::Rule registration_closed{"registration_closed", 403, "",
                                        "Registration is closed. Ask an administrator for an account."};

api::Reply register_user(api::Exchange& exchange) {
    if (!api::settings().registration_open) throw api::Problem(api::refusal_of(registration_closed));
    const auto account = exchange.body<Registration>();
    const std::string& password = account.password.value;
    if (std::string weak = api::password::weakness(password, account.username.value, account.email.value);
        !weak.empty())
        throw api::invalid({{"password", {weak}}});
    exchange.parameters["password_hash"] = api::password::hash(password);
    try {
        return exchange.answer();
    } catch (const api::Problem& problem) {
        if (problem.code != "one_first_user") throw;
        return exchange.answer();  // somebody else was first meanwhile, and is seen now
    }
}

constexpr api::Endpoint<Registration, User> registration{{
    .route = "POST /api/v1/auth/register",
    .also = {"POST /api/user_management/users/register", "POST /api/register"},
    .summary = "Register an account. The first one becomes superuser.",
    .permissions = {api::anyone},
    .object = users,
    .computed = {{"roles", "'[\"employee\"]'"}},
    .rules = {registration_closed},
    .sql = R"(first as materialized (
        select not exists (select from users) as one, set_config('fettle.caller', jsonb_build_array(null, null, :ip::text)::text, true)
    ), answer as (
        insert into users (username, email, first_name, last_name, is_first, is_superuser)
        select given.username, given.email, given.first_name, given.last_name, first.one, first.one
          from first, jsonb_populate_record(null::users, :body) given
        returning *
    ), secret as (
        insert into credentials (user_id, password_hash)
        select answer.id, :password_hash from answer
    ), employed as (
        insert into user_roles (user_id, role_id)
        select answer.id, r.id from answer, roles r where r.name = 'employee'
        returning role_id
    ), me as (
        select answer.id from answer
    ))",
    .with = {"password_hash"},
    .run = register_user,
    .guarded = true,
    .no_store = true,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, registration); }
