// Changes the caller's password and ends all their other sessions.
#include "api.hpp"
#include "auth/account.hpp"
#include "auth/password.hpp"

namespace {

struct Change {
    api::Required<api::Secret> current_password;
    api::Required<api::Password> new_password;
};
BOOST_DESCRIBE_STRUCT(Change, (), (current_password, new_password))

constexpr std::string_view lock_caller = "select from users where id = :system.caller for update";

api::Reply change_password(api::RequestContext& context) {
    const auto given = context.body<Change>();
    const std::string& fresh = given.new_password.value.value;
    const std::int64_t caller = context.caller().id;
    api::prove_password(context, caller, given.current_password.value.value);
    api::Rows names = context.query(api::names_of_caller);
    if (std::string weak = api::password::weakness(fresh, names(0, 0), names(0, 1)); !weak.empty())
        throw api::invalid({{"new_password", {weak}}});
    context.bind("password_hash", api::password::hash(fresh));
    context.database.begin();
    // a login that has already accepted the old password waits for this lock, checks the hash again and is refused
    context.query(lock_caller);
    api::Reply reply = context.answer();
    context.database.commit();
    return reply;
}

constexpr api::Endpoint<Change, api::Detail> change{{
    .route = "POST PUT /api/v1/auth/password",
    .also = {"POST PUT /api/user_management/users/change-password"},
    .summary = "Change your own password. All of your other sessions end; personal access tokens stay valid.",
    .permissions = {api::caller},
    .rules =
        {{.code = "password_changed",
          .status = 409,
          .when =
              "(select c.password_hash from credentials c where c.user_id = me.id) is distinct from :system.verified_hash",
          .detail = "Another request has changed the password in the meantime."},
         api::too_many_attempts},
    .sql = R"(ended as (
        update sessions s
           set ended_at = now(), ended_as = 'session_ended'
          from authorized, me
         where s.user_id = authorized.caller and s.kind = 'session' and s.id <> me.session_id and s.ended_as is null
    ), answer as (
        update credentials c
           set password_hash = :extra.password_hash, changed_at = now()
          from authorized
         where c.user_id = authorized.caller
        returning 'Password changed.' as detail
    ))",
    .extra_params = {{"password_hash", "text"}},
    .queries = api::password_proof + api::Queries{lock_caller},
    .run = change_password,
    .status = 200,
    .session_only = true,
    .rate_limited = true,
    .no_store = true,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, change); }
