// refused: Only POST and PUT can have a file in the body.
#include "api.hpp"
#include "objects/document.hpp"

constexpr api::Endpoint<NewDocument, Document> change{{.route = "PATCH /api/v1/documents/{document_id}",
                                                       .summary = "Change.",
                                                       .permissions = {"documents.create"},
                                                       .resource = documents,
                                                       .server_set = {{"sha256", ":system.file_sha256"}}}};
