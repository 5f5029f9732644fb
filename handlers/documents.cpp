// Documents: store a file, list, show, change, delete. The bytes are sent by nginx, to whoever holds the signed URL.
#include "api.hpp"
#include "objects/document.hpp"

namespace {

constexpr api::Rule one_attachment{
    .code = "one_attachment",
    .status = 400,
    .when = "num_nonnulls(input.task, input.equipment, input.maintenance, input.report, input.message) > 1",
    .detail = "A document is attached to one thing at most.",
};
constexpr api::Rule not_owner{
    .code = "not_owner",
    .status = 403,
    .when = "it.owner <> me.id",
    .detail = "Only its owner can change or delete a document.",
};
constexpr api::Rule quota_exceeded{
    .code = "quota_exceeded",
    .status = 409,
    .when = R"(:system.quota > 0 and :system.quota <
                   :system.file_size + coalesce((select u.bytes from storage_used u where u.user_id = me.id), 0))",
    .detail = "Your documents take {}; this file does not fit into the rest.",
    .name = R"((select concat(round(coalesce(max(u.bytes), 0) / 1048576.0, 1), ' of ', :system.quota / 1048576, ' MiB')
                     from storage_used u where u.user_id = me.id))",
};

constexpr api::Endpoint<api::None, api::Page<Document>> list{{
    .route = "GET /api/v1/documents",
    .summary = "List one's documents, and those that are attached to what one may see.",
    .permissions = {api::caller},
    .resource = documents,
    .filters = {"owner", "task", "equipment", "maintenance", "report", "message", "content_type", "title", "sha256",
                "search"},
    .ordering = {"id", "title"},
}};

constexpr api::Endpoint<NewDocument, Document> create{{
    .route = "POST /api/v1/documents",
    .summary = "Store a file, as multipart/form-data or alone with its fields in the query string.",
    .permissions = {"documents.create"},
    .resource = documents,
    .server_set = {{"owner", "me.id"},
                   {"sha256", ":system.file_sha256"},
                   {"size_bytes", ":system.file_size"},
                   {"content_type", ":system.file_type"}},
    .rules = {one_attachment, quota_exceeded},
    // what a person's documents take: two uploads of one person are counted one after the other
    .lock = R"(insert into storage_used (user_id, bytes)
                select s.user_id, 0 from sessions s where s.key = :system.session_key and s.ended_as is null
                    on conflict (user_id) do update set bytes = storage_used.bytes)",
}};

constexpr api::Endpoint<api::None, Document> show{{
    .route = "GET /api/v1/documents/{document_id}",
    .summary = "Show one document, with the URL of its bytes.",
    .permissions = {api::caller},
    .resource = documents,
}};

constexpr api::Endpoint<Described, Document> change{{
    .route = "PATCH /api/v1/documents/{document_id}",
    .summary = "Change a document's title, file name or what it is attached to; the bytes stay.",
    .permissions = {api::caller},
    .resource = documents,
    .rules = {one_attachment, not_owner},
}};

constexpr api::Endpoint<api::None, api::None> delete_document{{
    .route = "DELETE /api/v1/documents/{document_id}",
    .summary = "Delete a document; its file goes with the next `fettle sweep`.",
    .permissions = {api::caller},
    .resource = documents,
    .rules = {not_owner},
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, create, show, change, delete_document); }
