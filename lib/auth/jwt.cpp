// The only file that uses libjwt. It also makes the checks that libjwt does not: libjwt accepts any algorithm, ignores
// `crit` and `exp`, and keeps the last of two members with the same name.
#include "auth/jwt.hpp"

#include <jwt.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>

#include "base/crypto.hpp"
#include "base/json.hpp"
#include "base/keys.hpp"
#include "schema/types.hpp"

namespace api::jwt {

namespace {

constexpr const char* issuer = "fettle";
constexpr const char* use = "access";
constexpr std::size_t longest = 2048;

struct Free {
    void operator()(jwt_t* token) const { jwt_free(token); }
    void operator()(char* text) const { std::free(text); }
};
using Token = std::unique_ptr<jwt_t, Free>;

const unsigned char* bytes_of(const Key& key) { return reinterpret_cast<const unsigned char*>(key.bytes.data()); }

[[noreturn]] void refuse() { throw unauthenticated("not_authenticated"); }

/// A part of a token: base64url of a JSON object in which no key appears twice.
json::object part(std::string_view text) {
    std::optional<std::string> decoded = crypto::unbase64url(text);
    if (!decoded) refuse();
    Errors duplicates;
    json::value value;
    try {
        value = parse_json(*decoded, duplicates);
    } catch (const Problem&) {
        refuse();
    }
    if (!duplicates.empty() || !value.is_object()) refuse();
    return std::move(value.get_object());
}

/// The member as a string. Throws 401 if it is missing or not a string.
std::string_view text_in(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (!value || !value->is_string()) refuse();
    return value->get_string();
}

std::int64_t number_in(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (!value || !value->is_int64()) refuse();
    return value->get_int64();
}

/// The contents of a token whose signature is valid.
struct Claims {
    Key key;
    std::string session_key;
    std::int64_t issued, expires;
};
constexpr std::size_t most_remembered = 200;  // per worker; about 60 KiB

bool is_signed_by(const Key* now, const Key& then) { return now && now->bytes == then.bytes; }

/// Makes all checks of a token that do not depend on the time. Throws 401.
Claims verified(std::string_view token, const Keys& held) {
    const std::size_t first = token.find('.'), second = token.find('.', first + 1);
    if (first == token.npos || second == token.npos || !crypto::unbase64url(token.substr(second + 1))) refuse();

    // only exactly our header is accepted: no crit, no external key, no compression, no other algorithm (RFC
    // 8725 3.1, 3.10)
    const json::object header = part(token.substr(0, first));
    if (header.size() != 3 || text_in(header, "alg") != "HS256" || text_in(header, "typ") != "JWT") refuse();
    const Key* key = held.find(use, text_in(header, "kid"));
    if (!key) refuse();

    jwt_t* decoded = nullptr;
    if (jwt_decode(&decoded, std::string(token).c_str(), bytes_of(*key), static_cast<int>(key->bytes.size())) != 0)
        refuse();
    Token freed(decoded);
    if (jwt_get_alg(decoded) != JWT_ALG_HS256) refuse();

    const json::object claims = part(token.substr(first + 1, second - first - 1));
    if (claims.size() != 6 || text_in(claims, "iss") != issuer || text_in(claims, "use") != use) refuse();
    json::value subject = json::string(text_in(claims, "sub"));
    if (!types::check_integer(subject, Source::text, 1, INT64_MAX).empty()) refuse();
    const std::optional<std::string> session = crypto::unbase64url(text_in(claims, "sid"));
    if (!session || session->size() != 32) refuse();
    return {*key, "\\x" + crypto::hex(*session), number_in(claims, "iat"), number_in(claims, "exp")};
}

}  // namespace

std::string access_token(std::int64_t user_id, std::string_view session_key) {
    const auto held = keys();
    const Key& key = held->newest(use);
    jwt_t* made = nullptr;
    if (jwt_new(&made) != 0) throw std::bad_alloc();
    Token token(made);
    const long now = std::time(nullptr);
    if (jwt_add_header(made, "kid", key.id.c_str()) != 0 || jwt_add_grant(made, "iss", issuer) != 0 ||
        jwt_add_grant(made, "sub", std::to_string(user_id).c_str()) != 0 ||
        jwt_add_grant(made, "sid", crypto::base64url(crypto::unhex(session_key)).c_str()) != 0 ||
        jwt_add_grant_int(made, "iat", now) != 0 || jwt_add_grant_int(made, "exp", now + lifetime_seconds) != 0 ||
        jwt_add_grant(made, "use", use) != 0 ||
        jwt_set_alg(made, JWT_ALG_HS256, bytes_of(key), static_cast<int>(key.bytes.size())) != 0)
        throw std::runtime_error("libjwt: cannot create a token");
    std::unique_ptr<char, Free> text(jwt_encode_str(made));
    if (!text) throw std::runtime_error("libjwt: cannot sign a token");
    return text.get();
}

std::string session_key_of(std::string_view token) {
    if (token.size() > longest) refuse();
    const auto held = keys();
    // A verified token stays valid as long as its key exists; only its expiry must be checked again. The lookup is by
    // digest, so that the duration of a comparison reveals nothing. Verifying a token takes 17 µs, looking it up 1.4
    // µs.
    thread_local std::map<std::array<unsigned char, 32>, Claims> found_right;
    const auto digest = crypto::sha256(token);
    auto known = found_right.find(digest);
    if (known == found_right.end() || !is_signed_by(held->find(use, known->second.key.id), known->second.key)) {
        if (found_right.size() >= most_remembered) found_right.clear();
        known = found_right.insert_or_assign(digest, verified(token, *held)).first;
    }
    const Claims& claims = known->second;
    const std::int64_t now = std::time(nullptr);
    if (claims.issued > now + leeway_seconds) refuse();
    if (claims.expires <= now - leeway_seconds) throw unauthenticated("token_expired");
    return claims.session_key;
}

}  // namespace api::jwt
