// The statistics: what holders of reports.view_all see of the work of everybody, counted when they ask. Definitions:
//   open       Pending or In Progress
//   overdue    open, and due before today
//   completed  by week (ISO 8601, from Monday), the present one and the 51 before it; all in UTC, as days and months
//   are records    maintenance records by month of performed_at, the present one and the 11 before it, with the sums of
//              their hours_spent and cost
//   people     tasks_completed: the complete tasks whose user they are, work orders among them; orders_completed: their
//              maintenance records, each of which has completed one order, with hours and cost; orders_held: the open
//              work orders that are theirs while their claim lasts
// Weeks, months, states and priorities without any have 0; people who have none of these are left out.
#pragma once
#include "schema/items.hpp"
#include "objects/task.hpp"

struct StatusCount {
    TaskStatus status;
    int count;
};
BOOST_DESCRIBE_STRUCT(StatusCount, (), (status, count))

struct PriorityCount {
    Priority priority_level;
    int count;
};
BOOST_DESCRIBE_STRUCT(PriorityCount, (), (priority_level, count))

struct KindCount {
    TaskStatus status;
    Priority priority_level;
    int count;
};
BOOST_DESCRIBE_STRUCT(KindCount, (), (status, priority_level, count))

struct WeekCount {
    api::Text<> week;  ///< as in 2026-W47
    api::Date starts_on;
    int count;
};
BOOST_DESCRIBE_STRUCT(WeekCount, (), (week, starts_on, count))

struct TaskStatistics {
    api::Items<StatusCount> by_status;
    api::Items<PriorityCount> by_priority;
    api::Items<KindCount> by_status_and_priority;
    api::Items<PriorityCount> overdue;
    api::Items<WeekCount> completed;
};
BOOST_DESCRIBE_STRUCT(TaskStatistics, (), (by_status, by_priority, by_status_and_priority, overdue, completed))

struct EquipmentCount {
    EquipmentStatus status;
    int count;
};
BOOST_DESCRIBE_STRUCT(EquipmentCount, (), (status, count))

struct MonthOfMaintenance {
    api::Text<> month;  ///< as in 2026-11
    int records;
    api::Decimal<> hours_spent;
    api::Decimal<> cost;
};
BOOST_DESCRIBE_STRUCT(MonthOfMaintenance, (), (month, records, hours_spent, cost))

struct EquipmentStatistics {
    api::Items<EquipmentCount> by_status;
    api::Items<MonthOfMaintenance> maintenance;
};
BOOST_DESCRIBE_STRUCT(EquipmentStatistics, (), (by_status, maintenance))

struct Technician {
    api::Id user;
    api::Username username;
    int tasks_completed;
    int orders_completed;
    int orders_held;
    api::Decimal<> hours_spent;
    api::Decimal<> cost;
};
BOOST_DESCRIBE_STRUCT(Technician, (),
                      (user, username, tasks_completed, orders_completed, orders_held, hours_spent, cost))

struct TechnicianStatistics {
    api::Items<Technician> technicians;
};
BOOST_DESCRIBE_STRUCT(TechnicianStatistics, (), (technicians))
