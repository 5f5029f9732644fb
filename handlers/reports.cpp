// Reports: filed by anybody, read by their author and by holders of reports.view_all, changed by their author alone.
#include "api.hpp"
#include "objects/report.hpp"

namespace {

constexpr api::Rule not_author{"not_author", 403, "it.author <> me.id", "Only its author can change this report."};
constexpr api::Rule ends_early{"ends_early", 400, "given.period_end < given.period_start",
                               "The period ends before it starts.", "period_end"};

constexpr api::Endpoint<api::None, api::Page<Report>> list{{
    .route = "GET /api/v1/reports",
    .summary = "List the reports that the caller may see: one's own, or all.",
    .permissions = {api::caller},
    .object = reports,
    .filters = {"title", "author", "task", "equipment", "period_start", "period_end", "search"},
    .ordering = {"id", "title", "period_start", "period_end"},
}};

constexpr api::Endpoint<Report, Report> create{{
    .route = "POST /api/v1/reports",
    .summary = "File a report about a time, a task or an item of equipment.",
    .permissions = {"reports.create"},
    .object = reports,
    .fills = {{"author", "me.id"}},
    .rules = {ends_early},
}};

constexpr api::Endpoint<api::None, Report> show{{
    .route = "GET /api/v1/reports/{report_id}",
    .summary = "Show one report.",
    .permissions = {api::caller},
    .object = reports,
}};

constexpr api::Endpoint<Report, Report> change{{
    .route = "PUT PATCH /api/v1/reports/{report_id}",
    .summary = "Change a report of one's own.",
    .permissions = {api::caller},
    .object = reports,
    .rules = {ends_early, not_author},
}};

constexpr api::Endpoint<api::None, api::None> delete_report{{
    .route = "DELETE /api/v1/reports/{report_id}",
    .summary = "Delete a report of one's own.",
    .permissions = {api::caller},
    .object = reports,
    .rules = {not_author},
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, create, show, change, delete_report); }
