// Refresh tokens: opaque, each good for one use. One that comes again ends its session.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace api {

/// A refresh token: 128 random bits that stay the same for a session, then 256 that are new each time, in base64url.
/// The first part finds the session also by a token that was used already; it is as secret as the rest.
struct RefreshToken {
    std::string text;
    std::string family;  ///< SHA-256 of the first part, as PostgreSQL's hexadecimal bytea
    std::string key;     ///< SHA-256 of the whole

    /// The first token of a new session.
    static RefreshToken first();
    /// The token that comes after this one.
    RefreshToken next() const;
    /// What a client sent; nothing where it cannot be one of ours.
    static std::optional<RefreshToken> read(std::string_view text);
};

}  // namespace api
