// refused: A :group.name in the SQL is no field of the body, no parameter of the path, not in .extra_params and not
// given by the library.
#include "api.hpp"
#include "objects/document.hpp"

constexpr api::Endpoint<Described, Document> create{{.route = "POST /api/v1/documents",
                                                     .summary = "Store.",
                                                     .permissions = {"documents.create"},
                                                     .resource = documents,
                                                     .server_set = {{"sha256", ":system.file_sha256"}}}};
