// Identity: the session that a request claims to belong to. The SQL statement decides whether it is valid.
#pragma once
#include <string>

#include "http/message.hpp"

namespace api {

/// What a request says about its caller.
struct Identity {
    std::string session_key;  ///< the key that the session is stored under, as PostgreSQL's hexadecimal bytea
};

/// Reads the header Authorization: `Token` with an opaque token, or `Bearer` with an access token (JWT). Runs before
/// anything else is read. Throws 401 if the header is missing or malformed, or if the signature of an access token is
/// not ours.
Identity identify(const Request& request);

}  // namespace api
