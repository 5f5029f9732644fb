// Statistics of the work of all users, for callers with reports.view_all; counted by each request. Definitions:
//   open       Pending or In Progress
//   overdue    open, and due before today
//   completed  by week (ISO 8601, from Monday), the current week and the 51 before it
//   records    maintenance records by month of performed_at, the current month and the 11
//              before it, with the sums of their hours_spent and cost
//   users      tasks_completed: complete tasks assigned to the user, including work orders;
//              orders_completed: the user's maintenance records, each of which has completed
//              one order, with hours and cost; orders_held: open work orders that the user
//              has claimed and whose claim has not expired
// Days, weeks and months are in UTC. Weeks, months, states and priorities without tasks or records have the count 0.
// Users without any of these figures are left out.
#pragma once
#include "objects/task.hpp"
#include "schema/items.hpp"

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
    api::Text<> week;  ///< for example 2026-W47
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
    api::Text<> month;  ///< for example 2026-11
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

// Each part is counted with one index (sql/tables/005), without reading the rows of the table.

inline constexpr std::string_view task_statistics_sql = R"(
counted as materialized (
    select t.status, t.priority_level, count(*) as count from tasks t group by t.status, t.priority_level
), kinds as materialized (
    select status, s.place as status_place, priority_level, p.place as priority_place,
           coalesce(counted.count, 0) as count
      from unnest('{Pending,In Progress,Complete,Cancelled}'::text[]) with ordinality s (status, place)
     cross join unnest('{Low,Medium,High,Critical}'::text[]) with ordinality p (priority_level, place)
      left join counted using (status, priority_level)
), answer as (
    select (select json_agg(x) from (
                select status, sum(count) as count from kinds group by status, status_place
                 order by status_place) x) as by_status,
           (select json_agg(x) from (
                select priority_level, sum(count) as count from kinds group by priority_level, priority_place
                 order by priority_place) x) as by_priority,
           (select json_agg(x) from (
                select status, priority_level, count from kinds
                 order by status_place, priority_place) x) as by_status_and_priority,
           (select json_agg(x) from (
                select priority_level, coalesce(late.count, 0) as count
                  from unnest('{Low,Medium,High,Critical}'::text[]) with ordinality p (priority_level, place)
                  left join (select t.priority_level, count(*) as count from tasks t
                              where is_open(t.status) and t.due_date < current_date
                              group by t.priority_level) late using (priority_level)
                 order by p.place) x) as overdue,
           (select json_agg(x) from (
                select to_char(week.starts_at, 'IYYY-"W"IW') as week, week.starts_at::date as starts_on,
                       coalesce(done.count, 0) as count
                  from generate_series(date_trunc('week', now()) - interval '51 weeks', date_trunc('week', now()),
                                       interval '1 week') week (starts_at)
                  left join (select date_trunc('week', t.completed_at) as starts_at, count(*) as count from tasks t
                              where t.completed_at >= date_trunc('week', now()) - interval '51 weeks'
                              group by 1) done using (starts_at)
                 order by week.starts_at) x) as completed
      from authorized
))";

inline constexpr std::string_view equipment_statistics_sql = R"(
answer as (
    select (select json_agg(x) from (
                select status, coalesce(counted.count, 0) as count
                  from unnest('{Operational,Under Maintenance,Out of Service,Retired}'::text[])
                       with ordinality s (status, place)
                  left join (select e.status, count(*) as count from equipment e group by e.status) counted
                 using (status)
                 order by s.place) x) as by_status,
           (select json_agg(x) from (
                select to_char(month.starts_at, 'YYYY-MM') as month, coalesce(done.records, 0) as records,
                       coalesce(done.hours_spent, 0)::numeric(20,2)::text as hours_spent,
                       coalesce(done.cost, 0)::numeric(20,2)::text as cost
                  from generate_series(date_trunc('month', now()) - interval '11 months', date_trunc('month', now()),
                                       interval '1 month') month (starts_at)
                  left join (select date_trunc('month', m.performed_at) as starts_at, count(*) as records,
                                    sum(m.hours_spent) as hours_spent, sum(m.cost) as cost
                               from maintenance m
                              where m.performed_at >= date_trunc('month', now()) - interval '11 months'
                              group by 1) done using (starts_at)
                 order by month.starts_at) x) as maintenance
      from authorized
))";

inline constexpr std::string_view technician_statistics_sql = R"(
completed as (
    select t."user" as id, count(*) as tasks from tasks t where t.status = 'Complete' group by t."user"
), recorded as (
    select m.technician as id, count(*) as orders, sum(m.hours_spent) as hours_spent, sum(m.cost) as cost
      from maintenance m
     group by m.technician
), held as (
    select t."user" as id, count(*) as orders from tasks t
     where t.equipment is not null and is_open(t.status) and t.claimed_until > now()
     group by t."user"
), answer as (
    select (select coalesce(json_agg(x), '[]') from (
                select u.id as "user", u.username, coalesce(completed.tasks, 0) as tasks_completed,
                       coalesce(recorded.orders, 0) as orders_completed, coalesce(held.orders, 0) as orders_held,
                       coalesce(recorded.hours_spent, 0)::numeric(20,2)::text as hours_spent,
                       coalesce(recorded.cost, 0)::numeric(20,2)::text as cost
                  from completed full join recorded using (id) full join held using (id) join users u using (id)
                 order by u.username, u.id) x) as technicians
      from authorized
))";
