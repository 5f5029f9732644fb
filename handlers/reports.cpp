// Reports: filed by anybody, read by their author and by holders of reports.view_all, changed by their author alone.
#include "api.hpp"
#include "objects/report.hpp"

namespace {

constexpr api::Rule not_author{
    .code = "not_author",
    .status = 403,
    .when = "it.author <> me.id",
    .detail = "Only its author can change this report.",
};
constexpr api::Rule ends_early{
    .code = "ends_early",
    .status = 400,
    .when = "input.period_end < input.period_start",
    .detail = "The period ends before it starts.",
    .field = "period_end",
};

constexpr api::Endpoint<api::None, api::Page<Report>> list{{
    .route = "GET /api/v1/reports",
    .summary = "List the reports that the caller may see: one's own, or all.",
    .permissions = {api::caller},
    .resource = reports,
    .filters = {"title", "author", "task", "equipment", "period_start", "period_end", "search"},
    .ordering = {"id", "title", "period_start", "period_end"},
}};

constexpr api::Endpoint<Report, Report> create{{
    .route = "POST /api/v1/reports",
    .summary = "File a report about a time, a task or an item of equipment.",
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
    .summary = "Change a report of one's own.",
    .permissions = {api::caller},
    .resource = reports,
    .rules = {ends_early, not_author},
}};

constexpr api::Endpoint<api::None, api::None> delete_report{{
    .route = "DELETE /api/v1/reports/{report_id}",
    .summary = "Delete a report of one's own.",
    .permissions = {api::caller},
    .resource = reports,
    .rules = {not_author},
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, create, show, change, delete_report); }
