// The caller's sessions: list them and end one.
#include "api.hpp"
#include "objects/session.hpp"

namespace {

constexpr api::Endpoint<api::None, api::Page<Session>> list{{
    .route = "GET /api/v1/auth/sessions",
    .summary = "List your own active sessions.",
    .permissions = {api::caller},
    .resource = sessions,
    .session_only = true,
    .no_store = true,
}};

constexpr api::Endpoint<api::None, api::None> end_session{{
    .route = "DELETE /api/v1/auth/sessions/{session_id}",
    .summary = "End one of your own sessions.",
    .permissions = {api::caller},
    .resource = sessions,
    .sql = end_session_row,
    .session_only = true,
    .no_store = true,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, end_session); }
