// refused: A rule without .when must be a constraint(), absent() or thrown().
#include "api.hpp"
#include "objects/maintenance.hpp"

constexpr api::Endpoint<Task, Task> create{{.route = "POST /api/v1/tasks",
                                            .summary = "Create.",
                                            .permissions = {api::caller},
                                            .resource = tasks,
                                            .rules = {{.code = "never", .status = 403, .detail = "Never."}}}};
