// Reads the header of a part of multipart/form-data.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/problem.hpp"

namespace api::multipart {

/// What the header of a part says. Both texts are UTF-8 without control characters.
struct Part {
    std::string name;
    std::optional<std::string> file_name = {};  ///< as the client sends it, perhaps with a path, perhaps empty
};

/// The part that a header describes: its lines, separated by CR LF, without the empty one that ends it. Throws Problem
/// 400 `malformed_form`.
Part part_of(std::string_view header);

/// 400 `malformed_form` for this reason.
Problem malformed(const std::string& reason);

}  // namespace api::multipart
