// refused: A :name in the SQL is neither in the path, nor a field of the body, nor in .with.
#include "api.hpp"
#include "objects/document.hpp"

constexpr api::Endpoint<Described, Document> create{{.route = "POST /api/v1/documents", .summary = "Store.", .permissions = {"documents.create"}, .object = documents, .fills = {{"sha256", ":file_sha256"}}}};
