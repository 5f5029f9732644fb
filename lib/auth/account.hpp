// Account changes that require the current password.
#pragma once
#include "auth/login_throttle.hpp"

namespace api {

/// The statements of prove_password() and change_account(). They return the salt of the caller's password, whether a
/// computed hash equals the stored one, and the username and email, which the password must not resemble.
inline constexpr std::string_view salt_of_caller = "select salt from password_salts where user_id = :system.caller";
inline constexpr std::string_view is_hash_of_caller = "select is_password_hash(:system.caller, :system.verified_hash)";
inline constexpr std::string_view names_of_caller = "select username, email from users where id = :system.caller";
/// Every endpoint that calls these functions lists this in its .queries.
inline constexpr Queries password_proof = attempts + Queries{salt_of_caller, is_hash_of_caller, names_of_caller};

/// Checks the caller's password, so that a stolen session is not enough to take over the account. The handler does not
/// read the stored hash: it computes a hash from the password and the salt, and the database compares the two. The
/// computed hash stays in :system.verified_hash. Throws 400 on the field current_password if the password is wrong, and
/// 429 after too many wrong passwords (login_throttle.hpp).
void prove_password(RequestContext& context, std::int64_t caller, const std::string& password);

/// For `.run`: a new username or email for the caller's own account requires current_password; a change of another
/// account does not. The account is {user_id} of the path, or the caller's if the path has no such parameter.
Reply change_account(RequestContext& context);

}  // namespace api
