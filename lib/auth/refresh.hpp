// Refresh tokens: opaque and valid for one use. Using a token a second time ends its session.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace api {

/// A refresh token in base64url: 128 random bits that stay the same for a session, then 256 bits that are new in each
/// token. The first part identifies the session even if the token was used before; it is as secret as the rest.
struct RefreshToken {
    std::string text;    ///< the token that the client receives
    std::string family;  ///< SHA-256 of the first part, as PostgreSQL's hexadecimal bytea
    std::string key;     ///< SHA-256 of the whole token

    /// The first token of a new session.
    static RefreshToken first();
    /// The token that replaces this one.
    RefreshToken next() const;
    /// Parses the token that a client sent; nothing if it does not have the form of a refresh token.
    static std::optional<RefreshToken> read(std::string_view text);
};

}  // namespace api
