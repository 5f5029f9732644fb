// refused: A rule without .when is a 409, of a constraint, or a 404, or thrown by .run.
#include "api.hpp"
#include "objects/maintenance.hpp"

constexpr api::Endpoint<Task, Task> create{{.route = "POST /api/v1/tasks",
                                             .summary = "Create.",
                                             .permissions = {api::caller},
                                             .object = tasks,
                                             .rules = {{"never", 403, "", "Never."}}}};
