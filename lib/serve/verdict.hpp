// What a statement refuses, as the problem that is answered.
#pragma once
#include "schema/operation.hpp"

namespace api {

/// Throws the Problem that a refusal means: jsonb with `code`, and where a sentence needs them `name`, `fields` (at
/// fault as references) or `rules` (of status 400). Throws std::logic_error for a code that no rule has.
[[noreturn]] void refuse(const Operation& operation, std::string_view refusal);

}  // namespace api
