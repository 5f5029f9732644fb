// Statistics of tasks, equipment and technicians; lib/objects/statistics.hpp defines the figures.
#include "objects/statistics.hpp"

#include "api.hpp"

namespace {

constexpr api::Endpoint<api::None, TaskStatistics> tasks_in_numbers{{
    .route = "GET /api/v1/statistics/tasks",
    .summary = "Count all tasks by status and priority, overdue tasks, and the tasks completed in each of the last "
               "52 weeks.",
    .permissions = {"reports.view_all"},
    .sql = task_statistics_sql,
}};

constexpr api::Endpoint<api::None, EquipmentStatistics> equipment_in_numbers{{
    .route = "GET /api/v1/statistics/equipment",
    .summary = "Count all items of equipment by status, and the maintenance records of each of the last 12 months "
               "with their hours and cost.",
    .permissions = {"reports.view_all"},
    .sql = equipment_statistics_sql,
}};

constexpr api::Endpoint<api::None, TechnicianStatistics> technicians_in_numbers{{
    .route = "GET /api/v1/statistics/technicians",
    .summary = "Count for each user the completed tasks and work orders, the hours and cost of maintenance, and the "
               "work orders that they hold.",
    .permissions = {"reports.view_all"},
    .sql = technician_statistics_sql,
}};

}  // namespace

int main(int argc, char** argv) {
    return api::serve(argc, argv, tasks_in_numbers, equipment_in_numbers, technicians_in_numbers);
}
