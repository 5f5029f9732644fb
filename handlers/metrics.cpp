// Metrics of all handlers, for the monitoring of this server.
#include "serve/metrics.hpp"

#include "api.hpp"
#include "base/settings.hpp"

namespace {

api::Reply show(api::RequestContext&) {
    return {.headers = {{"Cache-Control", "no-store"}},
            .content_type = api::metrics::content_type,
            .body = api::metrics::text(api::settings().metrics)};
}

constexpr api::Endpoint<api::None, api::None> metrics{{
    .route = "GET /metrics",
    .summary = "Show the metrics of all handlers in the text format of Prometheus.",
    .permissions = {api::anyone},
    .run = show,
    .content_type = api::metrics::content_type,
    .internal = true,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, metrics); }
