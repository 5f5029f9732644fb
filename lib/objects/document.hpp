// A document: an uploaded file, which can be attached to a task, an item, a record, a report or a message.
#pragma once
#include "files/media.hpp"
#include "objects/maintenance.hpp"
#include "objects/message.hpp"
#include "objects/report.hpp"

inline constexpr api::Resource documents{
    .name = "document",
    .table = "documents",
    .path = "/api/v1/documents",
    .visible = {"has_permission(documents.view_all)", "it.owner = me.id"},
    .computed = {{"url",
                  "jsonb_build_array(:system.base_url, 'document', it.sha256, it.file_name, it.content_type,"
                  " :system.media_expires)"},
                 {"url_expires_at", "to_timestamp(:system.media_expires)"}},
    .searched = {.columns = {"title", "file_name"},
                 .texts = "documents_texts",
                 .public_by = {"equipment", "maintenance"}},
    .attached = {{"task", tasks},
                 {"equipment", equipment},
                 {"maintenance", maintenance},
                 {"report", reports},
                 {"message", messages}},
};

/// The fields that a client can set, in an upload and in a change.
struct Described {
    api::Filled<api::FileName> file_name;
    api::Line<0, 200> title;
    std::optional<api::Reference<::tasks>> task;
    std::optional<api::Reference<::equipment>> equipment;
    std::optional<api::Reference<::maintenance>> maintenance;
    std::optional<api::Reference<::reports>> report;
    std::optional<api::Reference<::messages>> message;
};
BOOST_DESCRIBE_STRUCT(Described, (), (file_name, title, task, equipment, maintenance, report, message))

struct NewDocument : Described {
    api::Required<api::File> file;
};
BOOST_DESCRIBE_STRUCT(NewDocument, (Described), (file))

struct Document {
    api::ReadOnly<api::Id> id;
    api::ReadOnly<api::Id> owner;
    api::Line<0, 200> title;
    api::Filled<api::FileName> file_name;
    api::ReadOnly<api::Code> content_type;
    api::ReadOnly<api::Number<0, INT64_MAX>> size_bytes;
    api::ReadOnly<api::Code> sha256;
    std::optional<api::Reference<::tasks>> task;
    std::optional<api::Reference<::equipment>> equipment;
    std::optional<api::Reference<::maintenance>> maintenance;
    std::optional<api::Reference<::reports>> report;
    std::optional<api::Reference<::messages>> message;
    api::ReadOnly<api::MediaUrl> url;
    api::ReadOnly<api::Time> url_expires_at;
    api::ReadOnly<api::Time> created_at;
    api::ReadOnly<api::Time> updated_at;
    api::ReadOnly<int> version;
};
BOOST_DESCRIBE_STRUCT(Document, (),
                      (id, owner, title, file_name, content_type, size_bytes, sha256, task, equipment, maintenance,
                       report, message, url, url_expires_at, created_at, updated_at, version))
