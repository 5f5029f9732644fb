// Access tokens: JSON Web Tokens (RFC 7519) that identify a session for 15 minutes.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/keys.hpp"

namespace api::jwt {

/// How long an access token is valid, in seconds.
inline constexpr int lifetime_seconds = access_token_seconds;
/// How far the clocks of two machines may differ, in seconds.
inline constexpr int leeway_seconds = 30;

/// A new access token, signed by HS256 (RFC 7518 3.2) with the newest key. Its claims are iss, sub (the user), sid (the
/// session: base64url of the key it is stored under), iat, exp and use. Throws std::runtime_error if there is no key or
/// libjwt fails, and std::bad_alloc.
std::string access_token(std::int64_t user_id, std::string_view session_key);

/// The session of an access token, as the key it is stored under (PostgreSQL's hexadecimal bytea). Throws Problem 401:
/// token_expired if the token is valid but has expired, not_authenticated for any other error. The SQL statement checks
/// whether the session still exists; this function does not.
std::string session_key_of(std::string_view token);

}  // namespace api::jwt
