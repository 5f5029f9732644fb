// refused: The SQL of an upload must read :system.file_sha256: without it the file cannot be found again.
#include "api.hpp"
#include "objects/document.hpp"

constexpr api::Endpoint<NewDocument, Document> create{{.route = "POST /api/v1/documents",
                                                       .summary = "Store.",
                                                       .permissions = {"documents.create"},
                                                       .resource = documents,
                                                       .server_set = {{"owner", "me.id"}}}};
