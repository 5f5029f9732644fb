// The service life of an item in months and hours (used, remaining, end), and the totals of its maintenance.
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
