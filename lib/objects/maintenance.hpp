// Maintenance records, which say what was done to complete a work order, and schedules, which create due work orders.
#pragma once
#include "objects/task.hpp"
#include "schema/items.hpp"

inline constexpr api::Resource maintenance{
    .name = "maintenance",
    .table = "maintenance",
    .path = "/api/v1/maintenance",
    .visible = {"true"},
    .searched = {.columns = {"description", "findings"}, .texts = "maintenance_texts"},
};

struct Part {
    api::Line<1, 200> name;
    api::Number<1, 1'000'000> quantity;
};
BOOST_DESCRIBE_STRUCT(Part, (), (name, quantity))

struct Maintenance {
    api::ReadOnly<api::Id> id;
    api::Reference<::tasks> task;
    api::ReadOnly<api::Id> equipment;
    api::ReadOnly<api::Id> technician;
    api::Filled<api::Time> performed_at;
    api::Text<1> description;
    std::optional<api::Text<>> findings;
    std::optional<api::Decimal<>> hours_spent;
    std::optional<api::Decimal<>> cost;
    api::Items<Part> parts;
    api::ReadOnly<api::Time> created_at;
    api::ReadOnly<api::Time> updated_at;
    api::ReadOnly<int> version;
};
BOOST_DESCRIBE_STRUCT(Maintenance, (),
                      (id, task, equipment, technician, performed_at, description, findings, hours_spent, cost, parts,
                       created_at, updated_at, version))

inline constexpr api::Resource schedules{
    .name = "schedule",
    .table = "schedules",
    .path = "/api/v1/schedules",
    .visible = {"true"},
    .searched = {.columns = {"title", "description"}, .texts = "schedules_texts"},
};

struct Schedule {
    api::ReadOnly<api::Id> id;
    api::Reference<::equipment> equipment;
    api::Text<1, 200> title;
    std::optional<api::Text<>> description;
    Priority priority_level = Priority::Medium;
    std::optional<api::Number<1, 36'500>> every_days;
    std::optional<api::Decimal<1>> every_hours;
    std::optional<api::Date> next_due_on;
    std::optional<api::Decimal<>> next_due_hours;
    api::Number<0, 3'650> lead_days;
    bool is_active = true;
    api::ReadOnly<std::optional<api::Id>> open_order;
    api::ReadOnly<api::Time> created_at;
    api::ReadOnly<api::Time> updated_at;
    api::ReadOnly<int> version;
};
BOOST_DESCRIBE_STRUCT(Schedule, (),
                      (id, equipment, title, description, priority_level, every_days, every_hours, next_due_on,
                       next_due_hours, lead_days, is_active, open_order, created_at, updated_at, version))
