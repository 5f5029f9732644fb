// Turns the refusal of a statement into the problem that the client receives.
#pragma once
#include "schema/operation.hpp"

namespace api {

/// Throws the Problem that a refusal means. The refusal is jsonb with `code`, and if its sentence needs them, `name`,
/// `fields` (references to objects that do not exist) or `rules` (of status 400). Throws std::logic_error for a code
/// that no rule has.
[[noreturn]] void refuse(const Operation& operation, std::string_view refusal);

}  // namespace api
