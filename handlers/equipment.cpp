// Equipment: the items that are maintained.
#include "objects/equipment.hpp"

#include "api.hpp"

namespace {

constexpr api::Rule has_history{
    .code = "has_history",
    .status = 409,
    .when = R"(exists (select from tasks t where t.equipment = it.id)
                 or exists (select from maintenance m where m.equipment = it.id)
                 or exists (select from readings r where r.equipment = it.id))",
    .detail = "This item has tasks, maintenance records or readings. Set its status to Retired instead.",
};

constexpr api::Endpoint<api::None, api::Page<Equipment>> list{{
    .route = "GET /api/v1/equipment",
    .also = {"GET /api/equipments"},
    .summary = "List equipment.",
    .permissions = {api::caller},
    .resource = equipment,
    .filters = {"name", "serial_number", "category", "manufacturer", "model", "location", "status", "search"},
    .ordering = {"id", "name"},
}};

constexpr api::Endpoint<Equipment, Equipment> create{{
    .route = "POST /api/v1/equipment",
    .also = {"POST /api/equipments"},
    .summary = "Create an item of equipment.",
    .permissions = {"equipment.edit"},
    .resource = equipment,
}};

constexpr api::Endpoint<api::None, Equipment> show{{
    .route = "GET /api/v1/equipment/{equipment_id}",
    .also = {"GET /api/equipment/{equipment_id}"},
    .summary = "Show one item of equipment.",
    .permissions = {api::caller},
    .resource = equipment,
}};

constexpr api::Endpoint<Equipment, Equipment> change{{
    .route = "PUT PATCH /api/v1/equipment/{equipment_id}",
    .also = {"PUT PATCH /api/equipment/{equipment_id}"},
    .summary = "Change an item of equipment. With status `Retired`, it takes no new work orders.",
    .permissions = {"equipment.edit"},
    .resource = equipment,
}};

constexpr api::Endpoint<api::None, api::None> delete_equipment{{
    .route = "DELETE /api/v1/equipment/{equipment_id}",
    .also = {"DELETE /api/equipment/{equipment_id}"},
    .summary = "Delete an item of equipment and its schedules. It must have no tasks, maintenance records or readings.",
    .permissions = {"equipment.edit"},
    .resource = equipment,
    .rules = {has_history},
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, create, show, change, delete_equipment); }
