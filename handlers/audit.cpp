// The audit trail: every change, with its user, address, old values and new values.
#include "objects/audit.hpp"

#include "api.hpp"

namespace {

constexpr api::Endpoint<api::None, api::Page<AuditEntry>> list{{
    .route = "GET /api/v1/audit",
    .summary = "List the entries of the audit trail, newest first.",
    .permissions = {"audit.view"},
    .resource = audit_trail,
    .filters = {"user_id", "table_name", "row_id", "at"},
    .ordering = {"id", "at"},
    .order = "-at",
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list); }
