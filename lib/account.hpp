// Changes of an account that ask for its password.
#pragma once
#include "door.hpp"

namespace api {

/// The caller proves to be whom the session belongs to: whoever finds an open session must not be able to take the
/// account over. Returns the hash that the password was found to fit. Throws 400 on the field current_password where it
/// is not the right one, and 429 after too many of those (door.hpp).
std::string prove_password(Exchange& exchange, std::int64_t caller, const std::string& password);

/// For `.run`: a new username or email of one's own account asks for current_password, others' accounts do not. The row
/// is that of {user_id} in the path, or else the caller's.
Reply change_account(Exchange& exchange);

}  // namespace api
