// Reports: read by their author and users with reports.view_all, changed only by their author.
#include "api.hpp"
#include "objects/report.hpp"

namespace {

constexpr api::Rule not_author{
    .code = "not_author",
    .status = 403,
    .when = "it.author <> me.id",
    .detail = "Only the author of this report can change or delete it.",
};
constexpr api::Rule ends_early{
    .code = "ends_early",
    .status = 400,
    .when = "input.period_end < input.period_start",
    .detail = "Must not be before period_start.",
    .field = "period_end",
};

constexpr api::Endpoint<api::None, api::Page<Report>> list{{
    .route = "GET /api/v1/reports",
    .summary = "List your own reports, or with `reports.view_all` those of all users.",
    .permissions = {api::caller},
    .resource = reports,
    .filters = {"title", "author", "task", "equipment", "period_start", "period_end", "search"},
    .ordering = {"id", "title", "period_start", "period_end"},
}};

constexpr api::Endpoint<Report, Report> create{{
    .route = "POST /api/v1/reports",
    .summary = "Create a report about a period, a task or an item of equipment.",
    .permissions = {"reports.create"},
    .resource = reports,
    .server_set = {{"author", "me.id"}},
    .rules = {ends_early},
}};

constexpr api::Endpoint<api::None, Report> show{{
    .route = "GET /api/v1/reports/{report_id}",
    .summary = "Show one report.",
    .permissions = {api::caller},
    .resource = reports,
}};

constexpr api::Endpoint<Report, Report> change{{
    .route = "PUT PATCH /api/v1/reports/{report_id}",
    .summary = "Change one of your own reports.",
    .permissions = {api::caller},
    .resource = reports,
    .rules = {ends_early, not_author},
}};

constexpr api::Endpoint<api::None, api::None> delete_report{{
    .route = "DELETE /api/v1/reports/{report_id}",
    .summary = "Delete one of your own reports. Documents attached to it are kept.",
    .permissions = {api::caller},
    .resource = reports,
    .rules = {not_author},
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, create, show, change, delete_report); }
