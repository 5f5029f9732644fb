// Identity: which session a request claims to belong to. Whether that is valid, the statement decides.
#pragma once
#include <string>

#include "http/message.hpp"

namespace api {

/// What a request says of its caller.
struct Identity {
    std::string session_key;  ///< the key that the session is stored under, as PostgreSQL's hexadecimal bytea
};

/// Reads the header Authorization: `Token` with an opaque token, or `Bearer` with an access token (JWT). Throws 401
/// where it is missing, malformed or not signed by us, before anything else is read.
Identity identify(const Request& request);

}  // namespace api
