// Refresh tokens: opaque, each valid for one use. A token that is used again ends its session.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace api {

/// A refresh token: 128 random bits that stay the same for a session, then 256 that are new in each token, in
/// base64url. The first part finds the session of a token that was used already; it is as secret as the rest.
struct RefreshToken {
    std::string text;    ///< what the client gets
    std::string family;  ///< SHA-256 of the first part, as PostgreSQL's hexadecimal bytea
    std::string key;     ///< SHA-256 of the whole

    /// The first token of a new session.
    static RefreshToken first();
    /// The token that comes after this one.
    RefreshToken next() const;
    /// The token that a client sent; nothing where its form is not that of a refresh token.
    static std::optional<RefreshToken> read(std::string_view text);
};

}  // namespace api
