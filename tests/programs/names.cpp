// A handler for tests only: its body has fields with the names that the library uses for parameters of statements.
#include "api.hpp"

namespace {

struct Names {
    api::Text<> route;
    api::Text<> digest;
    api::Text<> key;
    api::Text<> status;
    api::Text<> headers;
    api::Text<> answer;
    api::Text<> ip;
    api::Text<> session_key;
    api::Text<> idempotency_key;
    api::Text<> if_match;
    api::Text<> quota;
};
BOOST_DESCRIBE_STRUCT(Names, (),
                      (route, digest, key, status, headers, answer, ip, session_key, idempotency_key, if_match, quota))

constexpr api::Endpoint<Names, Names> echo{{
    .route = "POST /api/v1/names",
    .summary = "Answer what was sent.",
    .permissions = {api::caller},
    .sql = R"(
answer as (
    select :body.route as route, :body.digest as digest, :body.key as key, :body.status as status,
           :body.headers as headers, :body.answer as answer, :body.ip as ip, :body.session_key as session_key,
           :body.idempotency_key as idempotency_key, :body.if_match as if_match, :body.quota as quota
      from authorized
))",
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, echo); }
