// Meter readings: the hours that the meter of an item showed at a time. A meter never runs backwards.
#include "api.hpp"
#include "objects/equipment.hpp"

namespace {

constexpr api::Rule read_in_future = in_future("read_at", "is_in_future(input.read_at)");
constexpr api::Rule runs_backwards =
    api::constraint("runs_backwards",
                    "The meter must not run backwards: hours must lie between the readings before and after read_at.");
constexpr api::Rule reading_exists =
    api::constraint("reading_exists", "This item already has a reading with this read_at.");

/// A reading is found only under the path of its own item.
constexpr std::string_view of_this_item = "it.equipment = :path.equipment_id";

constexpr api::Endpoint<api::None, api::Page<Reading>> list{{
    .route = "GET /api/v1/equipment/{equipment_id}/readings",
    .summary = "List the meter readings of an item, newest first.",
    .permissions = {api::caller},
    .resource = readings,
    .parent = equipment,
    .where = of_this_item,
    .filters = {"read_at", "technician"},
    .ordering = {"id", "read_at"},
    .order = "-read_at",
}};

constexpr api::Endpoint<Reading, Reading> create{{
    .route = "POST /api/v1/equipment/{equipment_id}/readings",
    .summary = "Record a meter reading. The item's `usage_hours` are the hours of its latest reading.",
    .permissions = {"maintenance.create"},
    .resource = readings,
    .parent = equipment,
    .server_set = {{"equipment", "equipment.id"},
                   {"technician", "me.id"},
                   // the time after the wait for the item's lock, not before it; and never in the future: a time of
                   // a fast clock would make later readings fail
                   {"read_at", "least(input.read_at, clock_timestamp())"}},
    .rules = {read_in_future, runs_backwards, reading_exists},
}};

constexpr api::Endpoint<api::None, Reading> show{{
    .route = "GET /api/v1/equipment/{equipment_id}/readings/{reading_id}",
    .summary = "Show one meter reading.",
    .permissions = {api::caller},
    .resource = readings,
    .where = of_this_item,
}};

constexpr api::Endpoint<api::None, api::None> delete_reading{{
    .route = "DELETE /api/v1/equipment/{equipment_id}/readings/{reading_id}",
    .summary = "Delete a wrong meter reading. The item's `usage_hours` become those of its latest remaining reading.",
    .permissions = {"equipment.edit"},
    .resource = readings,
    .where = of_this_item,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, create, show, delete_reading); }
