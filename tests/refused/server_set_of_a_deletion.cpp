// refused: Only a plain creation or change can have .server_set.
#include "api.hpp"
#include "objects/task.hpp"

constexpr api::Endpoint<api::None, api::None> delete_task{{.route = "DELETE /api/v1/tasks/{task_id}",
                                                           .summary = "Delete.",
                                                           .permissions = {api::caller},
                                                           .resource = tasks,
                                                           .server_set = {{"author", "me.id"}}}};
