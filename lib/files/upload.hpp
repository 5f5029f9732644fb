// Reads request bodies that contain a file, and streams the file to disk.
#pragma once
#include "files/storage.hpp"
#include "http/input.hpp"

namespace api {

/// Reads an upload: a multipart form with the file as a part, or the file alone with its fields in the query string.
/// The file is streamed into the storage, and its SHA-256 becomes the value of the file's field. A body of type JSON or
/// urlencoded form counts as the file if the query string has the file's name, or if the file is the only field. Throws
/// 413 if the body or the file is larger than `largest` (bytes), 507 if the disk is full, and 400. For a file that is
/// sent alone, an error in the query string throws 400 before anything is stored.
CheckedFields read_upload(Request& request, const Shape& body, const Shape& answer, std::int64_t largest,
                          std::unique_ptr<Incoming>& file);

}  // namespace api
