// refused: A file is not a parameter: use :system.file_sha256, .file_size and .file_type.
#include "api.hpp"
#include "objects/document.hpp"

constexpr api::Endpoint<NewDocument, Document> create{{.route = "POST /api/v1/documents",
                                                       .summary = "Store.",
                                                       .permissions = {"documents.create"},
                                                       .resource = documents,
                                                       .server_set = {{"sha256", ":body.file"}}}};
