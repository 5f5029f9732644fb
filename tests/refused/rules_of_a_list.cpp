// refused: Only what changes something for a caller has .rules.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<api::None, api::Page<Task>> list{{
    .route = "GET /api/v1/tasks", .summary = "List.", .permissions = {api::caller}, .object = tasks, .rules = {{"no", 403, "true", "No."}}}};
