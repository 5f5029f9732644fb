// Reads the header of a part of multipart/form-data.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/problem.hpp"

namespace api::multipart {

/// The names in the header of a part. Both are UTF-8 without control characters.
struct Part {
    std::string name;
    std::optional<std::string> file_name = {};  ///< as the client sent it; it can be empty or have a path
};

/// Parses the header of a part: its lines, separated by CR LF, without the empty line that ends it. Throws Problem 400
/// `malformed_form`.
Part part_of(std::string_view header);

/// Problem 400 `malformed_form` with this reason.
Problem malformed(const std::string& reason);

}  // namespace api::multipart
