// Documents: upload, list, show, change and delete. nginx sends the file to anyone who has its signed URL.
#include "api.hpp"
#include "objects/document.hpp"

namespace {

constexpr api::Rule one_attachment{
    .code = "one_attachment",
    .status = 400,
    .when = "num_nonnulls(input.task, input.equipment, input.maintenance, input.report, input.message) > 1",
    .detail = "Set at most one of task, equipment, maintenance, report and message.",
};
constexpr api::Rule not_owner{
    .code = "not_owner",
    .status = 403,
    .when = "it.owner <> me.id",
    .detail = "Only the owner of this document can change or delete it.",
};
constexpr api::Rule quota_exceeded{
    .code = "quota_exceeded",
    .status = 409,
    .when = R"(:system.quota > 0 and :system.quota <
                   :system.file_size + coalesce((select u.bytes from storage_used u where u.user_id = me.id), 0))",
    .detail = "Your documents already use {}. This file would exceed your quota.",
    .name = R"((select concat(round(coalesce(max(u.bytes), 0) / 1048576.0, 1), ' of ', :system.quota / 1048576, ' MiB')
                     from storage_used u where u.user_id = me.id))",
};

constexpr api::Endpoint<api::None, api::Page<Document>> list{{
    .route = "GET /api/v1/documents",
    .summary = "List your own documents, and those attached to an object that you may see.",
    .permissions = {api::caller},
    .resource = documents,
    .filters = {"owner", "task", "equipment", "maintenance", "report", "message", "content_type", "title", "sha256",
                "search"},
    .ordering = {"id", "title"},
}};

constexpr api::Endpoint<NewDocument, Document> create{{
    .route = "POST /api/v1/documents",
    .summary = "Upload a document: as multipart/form-data, or with the file as the whole body and its fields in the "
               "query string.",
    .permissions = {"documents.create"},
    .resource = documents,
    .server_set = {{"owner", "me.id"},
                   {"sha256", ":system.file_sha256"},
                   {"size_bytes", ":system.file_size"},
                   {"content_type", ":system.file_type"}},
    .rules = {one_attachment, quota_exceeded},
    // locks the total size of the user's documents: two uploads of one user run one after the other
    .lock = R"(insert into storage_used (user_id, bytes)
                select s.user_id, 0 from sessions s where s.key = :system.session_key and s.ended_as is null
                    on conflict (user_id) do update set bytes = storage_used.bytes)",
}};

constexpr api::Endpoint<api::None, Document> show{{
    .route = "GET /api/v1/documents/{document_id}",
    .summary = "Show one document, with the signed URL of its file.",
    .permissions = {api::caller},
    .resource = documents,
}};

constexpr api::Endpoint<Described, Document> change{{
    .route = "PATCH /api/v1/documents/{document_id}",
    .summary = "Change a document's title, file name or attachment. The file itself cannot be changed.",
    .permissions = {api::caller},
    .resource = documents,
    .rules = {one_attachment, not_owner},
}};

constexpr api::Endpoint<api::None, api::None> delete_document{{
    .route = "DELETE /api/v1/documents/{document_id}",
    .summary = "Delete a document. The next `fettle sweep` deletes its file, unless something else uses it.",
    .permissions = {api::caller},
    .resource = documents,
    .rules = {not_owner},
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, list, create, show, change, delete_document); }
