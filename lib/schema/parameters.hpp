// The named parameters of an endpoint's statements. The first part of a name is the source of the value, so that names
// do not collide. Statements of the library and of the command `fettle` may have names without a group.
#pragma once
#include <string_view>

namespace api {

// :body.NAME    a field of the body, in the SQL type of its C++ type; null if it is null or was not sent
// :sent.NAME    whether the client sent that field: distinguishes an absent field from a null one in PUT and PATCH
// :path.NAME    a parameter of the path; a name that ends in _id is a bigint
// :extra.NAME   bound by the endpoint's own code, declared in .extra_params
// :system.NAME  bound by the library, listed here
// :filter.NAME, :cursor.NAME, :page.NAME  from the query string of a list

/// A parameter with the SQL type that it is cast to; if the type is empty, PostgreSQL infers it.
struct Parameter {
    std::string_view name;
    std::string_view type = "";
};

/// Parameters that the library binds in every statement that uses them.
inline constexpr Parameter system_parameters[] = {
    {"ip", "text"},               ///< the address of the client, as nginx sees it
    {"user_agent", "text"},       ///< printable ASCII, at most 256 characters
    {"session_key", "bytea"},     ///< the key of the caller's session
    {"if_match", "integer[]"},    ///< the versions in If-Match; null: any version
    {"base_url", "text"},         ///< scheme and host, for URLs in answers
    {"media_expires", "bigint"},  ///< when the signed URLs of this answer expire, in seconds since 1970
    {"attempt", "text"},          ///< the name under which a password is tried (auth/login_throttle.hpp)
    {"caller", "bigint"},         ///< the id of the user whose password is checked (auth/account.hpp)
    {"verified_hash", "text"},    ///< the hash of the password that was given (auth/account.hpp)
    {"route", "text"},            ///< of the endpoint: an Idempotency-Key belongs to a user and a route
    {"idempotency_key", "text"},  ///< the Idempotency-Key, as it was sent
    {"digest", "text"},           ///< SHA-256 of the request that came with the key
    {"status", "integer"},        ///< of the response that is stored for the key
    {"headers", "jsonb"},         ///< of that response
    {"answer", "text"},           ///< its body
};

/// Parameters that the library binds in the statements of an upload.
inline constexpr Parameter file_parameters[] = {
    {"file_sha256", "text"},  ///< 64 hexadecimal digits
    {"file_size", "bigint"},  ///< bytes
    {"file_type", "text"},    ///< media type, found from the bytes
    {"quota", "bigint"},      ///< largest total size of one user's documents in bytes; 0: no limit
};

/// The parts of a name before and after its dot; a name without a dot has no group.
struct ParameterName {
    std::string_view group, name;
    constexpr explicit ParameterName(std::string_view whole) : name(whole) {
        if (const std::size_t dot = whole.find('.'); dot != whole.npos) {
            group = whole.substr(0, dot);
            name = whole.substr(dot + 1);
        }
    }
};

/// The index of a name in a list of parameters, or -1. (Not a pointer: g++ 12 cannot compare it with null at compile
/// time under -fsanitize=undefined.)
constexpr int index_of(const auto& parameters, std::string_view name) {
    int index = 0;
    for (const Parameter& parameter : parameters) {
        if (parameter.name == name) return index;
        ++index;
    }
    return -1;
}

}  // namespace api
