// Creates refresh tokens and splits them into their parts.
#include "auth/refresh.hpp"

#include "base/crypto.hpp"

namespace api {

namespace {

/// The first part: 128 bits, 22 characters of base64url. The second part is a new_token() of 43.
constexpr std::size_t family_bytes = 16, family_size = 22, whole_size = family_size + 43;

RefreshToken made_of(std::string text) {
    std::string family = crypto::token_key(std::string_view(text).substr(0, family_size));
    std::string key = crypto::token_key(text);
    return {std::move(text), std::move(family), std::move(key)};
}

}  // namespace

RefreshToken RefreshToken::first() {
    return made_of(crypto::base64url(crypto::random_bytes(family_bytes)) + crypto::new_token());
}

RefreshToken RefreshToken::next() const { return made_of(text.substr(0, family_size) + crypto::new_token()); }

std::optional<RefreshToken> RefreshToken::read(std::string_view text) {
    if (text.size() != whole_size || !crypto::unbase64url(text.substr(0, family_size)) ||
        !crypto::unbase64url(text.substr(family_size)))
        return std::nullopt;
    return made_of(std::string(text));
}

}  // namespace api
