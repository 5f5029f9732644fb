// Documents: store a file, list, show, change, delete. The bytes are sent by nginx, to whoever holds the signed URL.
#include "api.hpp"
#include "objects/document.hpp"

namespace {

constexpr api::Rule one_attachment{
    "one_attachment", 400,
    "num_nonnulls(given.task, given.equipment, given.maintenance, given.report, given.message) > 1",
    "A document is attached to one thing at most."};
constexpr api::Rule not_owner{"not_owner", 403, "it.owner <> me.id", "Only its owner can change or delete a document."};
constexpr api::Rule quota_exceeded{
    "quota_exceeded",
    409,
    R"(:quota::bigint > 0 and :quota::bigint <
                   :file_size::bigint + coalesce((select u.bytes from storage_used u where u.user_id = me.id), 0))",
    "Your documents take {}; this file does not fit into the rest.",
    "",
    R"((select concat(round(coalesce(max(u.bytes), 0) / 1048576.0, 1), ' of ', :quota::bigint / 1048576, ' MiB')
                     from storage_used u where u.user_id = me.id))"};

constexpr api::Endpoint<api::None, api::Page<Document>> list{{
    .route = "GET /api/v1/documents",
    .summary = "List one's documents, and those that are attached to what one may see.",
    .permissions = {api::caller},
    .object = documents,
    .filters = {"owner", "task", "equipment", "maintenance", "report", "message", "content_type", "title", "sha256",
                "search"},
    .ordering = {"id", "title"},
}};

constexpr api::Endpoint<NewDocument, Document> create{{
    .route = "POST /api/v1/documents",
    .summary = "Store a file, as multipart/form-data or alone with its fields in the query string.",
    .permissions = {"documents.create"},
    .object = documents,
    .fills = {{"owner", "me.id"},
              {"sha256", ":file_sha256"},
              {"size_bytes", ":file_size::bigint"},
              {"content_type", ":file_type"}},
    .rules = {one_attachment, quota_exceeded},
    // what a person's documents take: two uploads of one person are counted one after the other
    .lock = R"(insert into storage_used (user_id, bytes)
                select s.user_id, 0 from sessions s where s.key = :key::bytea and s.ended_as is null
                    on conflict (user_id) do update set bytes = storage_used.bytes)",
}};

constexpr api::Endpoint<api::None, Document> show{{
    .route = "GET /api/v1/documents/{document_id}",
    .summary = "Show one document, with the URL of its bytes.",
    .permissions = {api::caller},
    .object = documents,
}};

constexpr api::Endpoint<Described, Document> change{{
    .route = "PATCH /api/v1/documents/{document_id}",
    .summary = "Change a document's title, file name or what it is attached to; the bytes stay.",
    .permissions = {api::caller},
    .object = documents,
    .rules = {one_attachment, not_owner},
}};

constexpr api::Endpoint<api::None, api::None> delete_document{{
    .route = "DELETE /api/v1/documents/{document_id}",
    .summary = "Delete a document; its file goes with the next `fettle sweep`.",
    .permissions = {api::caller},
    .object = documents,
    .rules = {not_owner},
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, create, show, change, delete_document); }
