// A new password: all other sessions end.
#include "auth/account.hpp"
#include "api.hpp"
#include "auth/password.hpp"

namespace {

struct Change {
    api::Required<api::Secret> current_password;
    api::Required<api::Password> new_password;
};
BOOST_DESCRIBE_STRUCT(Change, (), (current_password, new_password))

constexpr std::string_view lock_caller = "select from users where id = :caller for update";

api::Reply change_password(api::Exchange& exchange) {
    const auto given = exchange.body<Change>();
    const std::string& fresh = given.new_password.value.value;
    const std::int64_t caller = exchange.caller().id;
    api::prove_password(exchange, caller, given.current_password.value.value);
    api::Rows names = exchange.query(api::names_of_caller);
    if (std::string weak = api::password::weakness(fresh, names(0, 0), names(0, 1)); !weak.empty())
        throw api::invalid({{"new_password", {weak}}});
    exchange.parameters["password_hash"] = api::password::hash(fresh);
    exchange.database.begin();
    // a login that has found the old password right waits here, and then finds that it is not any more
    exchange.query(lock_caller);
    api::Reply reply = exchange.answer();
    exchange.database.commit();
    return reply;
}

constexpr api::Endpoint<Change, api::Detail> change{{
    .route = "POST PUT /api/v1/auth/password",
    .also = {"POST PUT /api/user_management/users/change-password"},
    .summary = "Change one's own password; all other sessions end, personal access tokens stay.",
    .permissions = {api::caller},
    .rules = {{"password_changed", 409,
               "(select c.password_hash from credentials c where c.user_id = me.id) is distinct from :verified_hash",
               "The password was changed meanwhile."},
              api::too_many_attempts},
    .sql = R"(ended as (
        update sessions s
           set ended_at = now(), ended_as = 'session_ended'
          from granted, me
         where s.user_id = granted.caller and s.kind = 'session' and s.id <> me.session_id and s.ended_as is null
    ), answer as (
        update credentials c
           set password_hash = :password_hash, changed_at = now()
          from granted
         where c.user_id = granted.caller
        returning 'Password changed.' as detail
    ))",
    .with = {"verified_hash", "password_hash"},
    .queries = api::password_proof + api::Queries{lock_caller},
    .run = change_password,
    .status = 200,
    .session_only = true,
    .guarded = true,
    .no_store = true,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, change); }
