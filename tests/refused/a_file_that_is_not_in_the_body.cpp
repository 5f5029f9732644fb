// refused: A :group.name in the SQL is not a field of the body, a parameter of the path, in .extra_params or a
// parameter of the library.
#include "api.hpp"
#include "objects/document.hpp"

constexpr api::Endpoint<Described, Document> create{{.route = "POST /api/v1/documents",
                                                     .summary = "Store.",
                                                     .permissions = {"documents.create"},
                                                     .resource = documents,
                                                     .server_set = {{"sha256", ":system.file_sha256"}}}};
