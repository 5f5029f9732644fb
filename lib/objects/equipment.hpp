// An item of equipment, with figures from its maintenance records and meter readings.
#pragma once
#include "schema/endpoint.hpp"

/// Shown by an item and by its service life.
inline constexpr api::Computed last_maintained_at{
    "last_maintained_at", "(select max(m.performed_at) from maintenance m where m.equipment = it.id)"};
/// The used share of the service life, 0 to 1: the larger of months and hours (sql/functions/work_orders.sql).
inline constexpr api::Computed life_used{"life_used", R"(greatest(months_used(it.acquired_on, it.service_life_months),
                 hours_used(it.usage_hours, it.service_life_hours))::numeric(12,2))"};

inline constexpr api::Resource equipment{
    .name = "equipment",
    .table = "equipment",
    .path = "/api/v1/equipment",
    .visible = {"true"},
    .computed = {last_maintained_at,
                 {"open_work_orders", R"((select count(*) from tasks t
                     where t.equipment = it.id and is_open(t.status)))"},
                 {"next_due_on", R"((select min(s.next_due_on) from schedules s
                     where s.equipment = it.id and s.is_active))"},
                 life_used},
    .searched = {.columns = {"name", "serial_number", "category", "manufacturer", "model", "location"},
                 .texts = "equipment_texts"},
};

enum class EquipmentStatus { Operational, Under_Maintenance, Out_of_Service, Retired };
BOOST_DESCRIBE_ENUM(EquipmentStatus, Operational, Under_Maintenance, Out_of_Service, Retired)

struct Equipment {
    api::ReadOnly<api::Id> id;
    api::Line<1, 200> name;
    api::Line<1, 100> serial_number;
    std::optional<api::Code> category;
    std::optional<api::Code> manufacturer;
    std::optional<api::Code> model;
    std::optional<api::Code> location;
    EquipmentStatus status = EquipmentStatus::Operational;
    std::optional<api::Date> acquired_on;
    std::optional<api::Number<1, 1200>> service_life_months;
    std::optional<api::Decimal<1>> service_life_hours;
    api::ReadOnly<std::optional<api::Decimal<>>> usage_hours;
    api::Text<> notes;
    api::ReadOnly<std::optional<api::Time>> last_maintained_at;
    api::ReadOnly<int> maintenance_count;
    api::ReadOnly<int> open_work_orders;
    api::ReadOnly<std::optional<api::Date>> next_due_on;
    api::ReadOnly<std::optional<api::Decimal<>>> life_used;
    api::ReadOnly<api::Time> created_at;
    api::ReadOnly<api::Time> updated_at;
    api::ReadOnly<int> version;
};
BOOST_DESCRIBE_STRUCT(Equipment, (),
                      (id, name, serial_number, category, manufacturer, model, location, status, acquired_on,
                       service_life_months, service_life_hours, usage_hours, notes, last_maintained_at,
                       maintenance_count, open_work_orders, next_due_on, life_used, created_at, updated_at, version))

/// Refuses a time in the future; is_in_future() tolerates a clock that is 5 minutes fast.
constexpr api::Rule in_future(std::string_view field, std::string_view when) {
    return {.code = "in_future", .status = 400, .when = when, .detail = "Must not be in the future.", .field = field};
}

inline constexpr api::Resource readings{
    .name = "reading",
    .table = "readings",
    .path = "/api/v1/equipment/{equipment_id}/readings",
    .visible = {"true"},
};

/// A reading of an item's hour meter, in hours.
struct Reading {
    api::ReadOnly<api::Id> id;
    api::ReadOnly<api::Id> equipment;
    api::Required<api::Decimal<>> hours;
    api::Filled<api::Time> read_at;
    api::ReadOnly<api::Id> technician;
    api::ReadOnly<api::Time> created_at;
    api::ReadOnly<int> version;
};
BOOST_DESCRIBE_STRUCT(Reading, (), (id, equipment, hours, read_at, technician, created_at, version))
