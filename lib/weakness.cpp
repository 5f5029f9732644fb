// The only place that speaks to zxcvbn, which knows the passwords and words that attackers try first.
#include <zxcvbn.h>

#include <algorithm>

#include "password.hpp"

namespace api::password {

namespace {

/// Bits of guessing below which a password is among the first 500 that would be tried.
constexpr double least_bits = 9;

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](unsigned char c) { return std::tolower(c); });
    return result;
}

}  // namespace

std::string weakness(std::string_view password, std::string_view username, std::string_view email) {
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
