// Logout: ends the session at once; its tokens are no longer valid.
#include "api.hpp"

namespace {

enum class Scope { session, all };
BOOST_DESCRIBE_ENUM(Scope, session, all)

struct Logout {
    Scope scope = Scope::session;
};
BOOST_DESCRIBE_STRUCT(Logout, (), (scope))

constexpr api::Endpoint<Logout, api::Detail> logout{{
    .route = "POST /api/v1/auth/logout",
    .also = {"POST /api/user_management/users/logout", "POST /api/logout"},
    .summary = "Log out: end this session, or with `scope=all` all of your sessions. "
               "Personal access tokens stay valid.",
    .permissions = {api::caller},
    .sql = R"(ended as (
        update sessions s
           set ended_at = now(), ended_as = 'session_ended'
          from authorized, me
         where s.user_id = me.id and s.kind = 'session' and s.ended_as is null
           and (s.id = me.session_id or :body.scope = 'all')
    ), answer as (
        select 'Logged out.' as detail
    ))",
    .status = 200,
    .session_only = true,
    .no_store = true,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, logout); }
