// refused: An endpoint without .sql needs a row: {<name>_id} in the path, or .row.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<api::None, api::None> delete_tasks{
    {.route = "DELETE /api/v1/tasks", .summary = "Delete.", .permissions = {api::caller}, .resource = tasks}};
