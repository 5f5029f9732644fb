// The only file that uses zxcvbn, which knows the passwords and words that attackers try first.
#include "auth/weakness.hpp"

#include <zxcvbn.h>

#include "base/unicode.hpp"

namespace api::password {

namespace {

/// Below this many bits of zxcvbn's estimate, a password is among the first 500 guesses (2^9).
constexpr double least_bits = 9;

}  // namespace

std::string weakness(std::string_view password, std::string_view username, std::string_view email) {
    using unicode::lower;
    const std::string given = lower(password);
    if (given == lower(username) || given == lower(email) || given == lower(email.substr(0, email.find('@'))))
        return std::string(too_similar);
    ZxcMatch_t* matches = nullptr;
    const double bits = ZxcvbnMatch(std::string(password).c_str(), nullptr, &matches);
    // a single match covers the whole password: a listed password or word, also with other case or digits for letters
    const bool is_listed =
        matches && !matches->Next && (matches->Type == DICTIONARY_MATCH || matches->Type == DICT_LEET_MATCH);
    ZxcvbnFreeInfo(matches);
    return bits < least_bits || is_listed ? "This password is too common." : "";
}

}  // namespace api::password
