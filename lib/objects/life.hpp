// The service life of an item of equipment. Definitions:
//   by months  from acquired_on; a month is 365.2425 / 12 days
//   by hours   usage_hours is the last reading; hours_per_day is the rate between the last
//              reading and the first one of the 365 days before it; the forecast assumes
//              that rate, for at most 100 years
//   combined   life_used is the larger share of the two lives, ends_on is the earlier end
#pragma once
#include "objects/equipment.hpp"

inline constexpr api::Resource lives{
    .name = "equipment",
    .table = "equipment",
    .path = "/api/v1/equipment",
    .visible = {"true"},
    .computed = {{"equipment", "it.id"},
                 {"used_months", "months_since(it.acquired_on)::numeric(12,2)"},
                 {"remaining_months", "months_left(it.acquired_on, it.service_life_months)::numeric(12,2)"},
                 {"months_end_on", "life_end(it.acquired_on, it.service_life_months)"},
                 {"remaining_hours", "hours_left(it.usage_hours, it.service_life_hours)::numeric(12,2)"},
                 {"hours_per_day", "hours_per_day(it.id)::numeric(12,2)"},
                 {"hours_end_on", "hours_end(it.id, it.usage_hours, it.usage_read_at, it.service_life_hours)"},
                 {"ends_on", R"(least(life_end(it.acquired_on, it.service_life_months),
                 hours_end(it.id, it.usage_hours, it.usage_read_at, it.service_life_hours)))"},
                 life_used,
                 last_maintained_at,
                 {"mean_days_between", R"((select (extract(epoch from max(m.performed_at) - min(m.performed_at)) / 86400
                         / nullif(it.maintenance_count - 1, 0))::numeric(12,2)
                     from maintenance m where m.equipment = it.id))"}},
};

struct Life {
    api::Id equipment;
    std::optional<api::Date> acquired_on;
    std::optional<api::Number<1>> service_life_months;
    std::optional<api::Decimal<>> used_months;
    std::optional<api::Decimal<>> remaining_months;
    std::optional<api::Date> months_end_on;
    std::optional<api::Decimal<>> service_life_hours;
    std::optional<api::Decimal<>> usage_hours;
    std::optional<api::Decimal<>> remaining_hours;
    std::optional<api::Decimal<>> hours_per_day;
    std::optional<api::Date> hours_end_on;
    std::optional<api::Date> ends_on;
    std::optional<api::Decimal<>> life_used;
    int maintenance_count = 0;
    api::Decimal<> maintenance_hours;
    api::Decimal<> maintenance_cost;
    std::optional<api::Time> last_maintained_at;
    std::optional<api::Decimal<>> mean_days_between;  ///< days from the first to the last record / (records - 1)
};
BOOST_DESCRIBE_STRUCT(Life, (),
                      (equipment, acquired_on, service_life_months, used_months, remaining_months, months_end_on,
                       service_life_hours, usage_hours, remaining_hours, hours_per_day, hours_end_on, ends_on,
                       life_used, maintenance_count, maintenance_hours, maintenance_cost, last_maintained_at,
                       mean_days_between))
