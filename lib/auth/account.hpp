// Changes of an account that require its password.
#pragma once
#include "auth/login_throttle.hpp"

namespace api {

/// The statements of prove_password() and change_account(): the salt of the password, whether its hash is this one, and
/// the names that it must not be like.
inline constexpr std::string_view salt_of_caller = "select salt from password_salts where user_id = :system.caller";
inline constexpr std::string_view is_hash_of_caller = "select is_password_hash(:system.caller, :system.verified_hash)";
inline constexpr std::string_view names_of_caller = "select username, email from users where id = :system.caller";
/// The .queries of every endpoint that calls them.
inline constexpr Queries password_proof = attempts + Queries{salt_of_caller, is_hash_of_caller, names_of_caller};

/// Checks the caller's password: a stolen open session must not be enough to take the account over. No hash is read for
/// that: what the password and the salt make is compared by the database, and is in :system.verified_hash afterwards.
/// Throws 400 on the field current_password where it is wrong, and 429 after too many wrong ones (login_throttle.hpp).
void prove_password(RequestContext& context, std::int64_t caller, const std::string& password);

/// For `.run`: a new username or email of one's own account requires current_password, other accounts do not. The row
/// is that of {user_id} in the path, or else the caller's.
Reply change_account(RequestContext& context);

}  // namespace api
