// Personal access tokens for scripts, with at most the permissions of their owner. A login does not end them.
#include "api.hpp"
#include "base/crypto.hpp"
#include "objects/role.hpp"
#include "objects/session.hpp"

namespace {

/// The response to a creation; no other response contains the secret.
struct NewToken : AccessToken {
    api::Text<> token;
};
BOOST_DESCRIBE_STRUCT(NewToken, (AccessToken), (token))

api::Reply create_token(api::RequestContext& context) {
    const std::string token = "fettle_" + api::crypto::new_token();
    context.bind("token", token);
    context.bind("token_key", api::crypto::token_key(token));
    return context.answer();
}

constexpr api::Endpoint<api::None, api::Page<AccessToken>> list{{
    .route = "GET /api/v1/auth/tokens",
    .summary = "List your own personal access tokens.",
    .permissions = {api::caller},
    .resource = access_tokens,
    .ordering = {"id", "name"},
    .session_only = true,
    .no_store = true,
}};

constexpr api::Endpoint<AccessToken, NewToken> create{{
    .route = "POST /api/v1/auth/tokens",
    .summary = "Create a personal access token. Only this response contains its secret `token`.",
    .permissions = {api::caller},
    .resource = access_tokens,
    .computed = {{"token", ":extra.token"}},
    .server_set =
        {{"user_id", "me.id"},
         {"kind", "'token'"},
         {"key", ":extra.token_key"},
         // an empty list means no permissions; without the field, the token has its owner's permissions
         {"codes",
          "case when :body.permissions is not null then array(select jsonb_array_elements_text(:body.permissions)) "
          "end"},
         {"user_agent", ":system.user_agent"},
         {"ip", ":system.ip"}},
    .rules = {permission_lacking,
              no_such_permission,
              {.code = "already_over",
               .status = 400,
               .when = "input.expires_at <= now()",
               .detail = "Must be in the future.",
               .field = "expires_at"}},
    .extra_params = {{"token", "text"}, {"token_key", "bytea"}},
    .run = create_token,
    .session_only = true,
    .no_store = true,
}};

constexpr api::Endpoint<api::None, AccessToken> show{{
    .route = "GET /api/v1/auth/tokens/{token_id}",
    .summary = "Show one of your own personal access tokens, without its secret.",
    .permissions = {api::caller},
    .resource = access_tokens,
    .session_only = true,
    .no_store = true,
}};

constexpr api::Endpoint<api::None, api::None> end_token{{
    .route = "DELETE /api/v1/auth/tokens/{token_id}",
    .summary = "Revoke one of your own personal access tokens.",
    .permissions = {api::caller},
    .resource = access_tokens,
    .sql = end_session_row,
    .session_only = true,
    .no_store = true,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, create, show, end_token); }
