// The only place that speaks to zxcvbn, which knows the passwords and words that attackers try first.
#include <zxcvbn.h>

#include "auth/password.hpp"
#include "base/unicode.hpp"

namespace api::password {

namespace {

/// Bits of guessing below which a password is among the first 500 that would be tried.
constexpr double least_bits = 9;

}  // namespace

std::string weakness(std::string_view password, std::string_view username, std::string_view email) {
    using unicode::lower;
    const std::string given = lower(password);
    if (given == lower(username) || given == lower(email) || given == lower(email.substr(0, email.find('@'))))
        return std::string(too_similar);
    ZxcMatch_t* parts = nullptr;
    const double bits = ZxcvbnMatch(std::string(password).c_str(), nullptr, &parts);
    // one part that is the whole: a password of the lists, or a word, perhaps with other capitals or digits for letters
    const bool is_listed = parts && !parts->Next && (parts->Type == DICTIONARY_MATCH || parts->Type == DICT_LEET_MATCH);
    ZxcvbnFreeInfo(parts);
    return bits < least_bits || is_listed ? "This password is too common." : "";
}

}  // namespace api::password
