// The service life of an item: used, remaining and when it ends, by months and by hours; its maintenance in numbers.
#include "api.hpp"
#include "objects/life.hpp"

namespace {

constexpr api::Endpoint<api::None, Life> show{{
    .route = "GET /api/v1/equipment/{equipment_id}/life",
    .summary = "Show how much of its service life an item has used, when that ends, and the totals of its maintenance.",
    .permissions = {api::caller},
    .resource = lives,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, show); }
