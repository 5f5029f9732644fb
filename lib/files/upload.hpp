// Bodies with a file, which goes to the disk piece by piece.
#pragma once
#include "files/storage.hpp"
#include "http/input.hpp"

namespace api {

/// Reads an upload: a multipart form with the file as a part, or the file alone with its fields in the query string.
/// The file is streamed into the storage; its SHA-256 is the file's field. A body of JSON or of an urlencoded form is
/// taken for a file where the query says its name, or where the file is the only field. Throws 413 where body or file
/// are larger than largest (bytes), 507, and a 400 before anything is stored where the query alone is at fault.
CheckedFields read_upload(Request& request, const Shape& body, const Shape& answer, std::int64_t largest,
                          std::unique_ptr<Incoming>& file);

}  // namespace api
