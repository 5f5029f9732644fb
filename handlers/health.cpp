// Health: whether this handler runs, and whether its database answers.
#include "api.hpp"

namespace {

enum class Status { ok };
BOOST_DESCRIBE_ENUM(Status, ok)

struct Health {
    Status status;
};
BOOST_DESCRIBE_STRUCT(Health, (), (status))

constexpr api::Endpoint<api::None, Health> health{{
    .route = "GET /api/v1/health",
    .also = {"GET /health"},
    .summary = "Check whether the database answers: 200 if it does, else 503.",
    .permissions = {api::anyone},
    .sql = "answer as (select 'ok' as status)",
    .no_store = true,
}};

constexpr api::Endpoint<api::None, Health> live{{
    .route = "GET /api/v1/health/live",
    .also = {"GET /health/live"},
    .summary = "Check that the handler is running, without querying the database.",
    .permissions = {api::anyone},
    .run = [](api::RequestContext& context) { return context.reply(Health{Status::ok}); },
    .no_store = true,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, health, live); }
