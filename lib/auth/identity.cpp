// Reads the header Authorization.
#include "auth/identity.hpp"

#include <algorithm>
#include <cctype>

#include "auth/jwt.hpp"
#include "base/crypto.hpp"
#include "base/problem.hpp"
#include "base/unicode.hpp"

namespace api {

namespace {

/// A token is 32 to 100 characters of base64url, including an optional prefix. Any other text never reaches the
/// database.
bool is_token(std::string_view token) {
    return token.size() >= 32 && token.size() <= 100 && std::ranges::all_of(token, [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
           });
}

}  // namespace

Identity identify(const Request& request) {
    const std::string_view header = request.variable("HTTP_AUTHORIZATION");
    const std::size_t space = std::min(header.find(' '), header.size());
    const std::string scheme = unicode::lower(header.substr(0, space));
    const std::string_view token = header.substr(std::min(space + 1, header.size()));
    if (scheme == "bearer") return {jwt::session_key_of(token)};
    if (scheme == "token" && is_token(token)) return {crypto::token_key(token)};
    throw unauthenticated("not_authenticated");
}

}  // namespace api
