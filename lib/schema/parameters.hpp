// The named parameters of an endpoint's statements: where a value comes from is the first part of its name, so no two
// collide. The library's own and the command's statements may have names without a group.
#pragma once
#include <string_view>

namespace api {

// :body.NAME    a field of the body, in the SQL type of its C++ type; null where it is null or was not sent
// :sent.NAME    whether the client sent that field: what tells an absent field from a null one in PUT and PATCH
// :path.NAME    a parameter of the path; what ends in _id is a bigint
// :extra.NAME   what the endpoint's own code gives, declared in .extra_params
// :system.NAME  what the library gives, listed here
// :filter.NAME, :cursor.NAME, :page.NAME  what a list's query string says

/// A parameter with the SQL type that it is cast to; without one PostgreSQL infers it.
struct Parameter {
    std::string_view name;
    std::string_view type = "";
};

/// What the library gives to every statement that speaks of it.
inline constexpr Parameter system_parameters[] = {
    {"ip", "text"},               ///< of the client, as nginx saw it
    {"user_agent", "text"},       ///< printable ASCII, at most 256 characters
    {"session_key", "bytea"},     ///< what the caller's session is found by
    {"if_match", "integer[]"},    ///< the versions in If-Match; null: any
    {"base_url", "text"},         ///< scheme and host, for URLs in answers
    {"media_expires", "bigint"},  ///< when the signed URLs of this answer expire, in seconds since 1970
    {"attempt", "text"},          ///< the name under which a password is tried (auth/login_throttle.hpp)
    {"caller", "bigint"},         ///< the id of the user whose password is checked (auth/account.hpp)
    {"verified_hash", "text"},    ///< the hash of the password that was given (auth/account.hpp)
    {"route", "text"},            ///< of the endpoint, as part of what an Idempotency-Key belongs to
    {"idempotency_key", "text"},  ///< as it was sent
    {"digest", "text"},           ///< SHA-256 of the request that came with the key
    {"status", "integer"},        ///< of the answer that is kept for the key
    {"headers", "jsonb"},         ///< of that answer
    {"answer", "text"},           ///< its body
};

/// What it gives to the statements of an upload.
inline constexpr Parameter file_parameters[] = {
    {"file_sha256", "text"},  ///< 64 hexadecimal digits
    {"file_size", "bigint"},  ///< bytes
    {"file_type", "text"},    ///< media type, found from the bytes
    {"quota", "bigint"},      ///< bytes that one person's documents may have; 0: no limit
};

/// The part of a name before its dot, and what comes after it; a name without a dot has no group.
struct ParameterName {
    std::string_view group, name;
    constexpr explicit ParameterName(std::string_view whole) : name(whole) {
        if (const std::size_t dot = whole.find('.'); dot != whole.npos) {
            group = whole.substr(0, dot);
            name = whole.substr(dot + 1);
        }
    }
};

/// The index of a name in a list of parameters, or -1. (A pointer could not be compared with null at compile time by
/// g++ 12 under -fsanitize=undefined.)
constexpr int index_of(const auto& parameters, std::string_view name) {
    int index = 0;
    for (const Parameter& parameter : parameters) {
        if (parameter.name == name) return index;
        ++index;
    }
    return -1;
}

}  // namespace api
