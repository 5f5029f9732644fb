// refused: Only an endpoint that makes changes and has a caller can have rules with .when.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<api::None, api::Page<Task>> list{
    {.route = "GET /api/v1/tasks",
     .summary = "List.",
     .permissions = {api::caller},
     .resource = tasks,
     .rules = {{.code = "no", .status = 403, .when = "true", .detail = "No."}}}};
