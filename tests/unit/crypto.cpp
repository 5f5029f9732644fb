// Digests, tokens and passwords, compared with published test vectors if there are any.
#include "base/crypto.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

#include "auth/password.hpp"

namespace crypto = api::crypto;

BOOST_AUTO_TEST_SUITE(crypto_and_passwords)

BOOST_AUTO_TEST_CASE(sha256_gives_the_digest_of_fips_180) {
    BOOST_TEST(crypto::sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    BOOST_TEST(crypto::token_key("abc") == "\\xba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

BOOST_AUTO_TEST_CASE(hmac_sha256_gives_the_digests_of_rfc_4231) {
    BOOST_TEST(crypto::hex(crypto::hmac_sha256(std::string(20, '\x0b'), "Hi There")) ==
               "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    BOOST_TEST(crypto::hex(crypto::hmac_sha256("Jefe", "what do ya want for nothing?")) ==
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    BOOST_TEST(crypto::hex(crypto::hmac_sha256(std::string(131, '\xaa'),
                                               "Test Using Larger Than Block-Size Key - Hash Key First")) ==
               "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    BOOST_TEST(crypto::equal("abc", "abc"));
    BOOST_TEST(!crypto::equal("abc", "abd"));
    BOOST_TEST(!crypto::equal("abc", "abcd"));
}

BOOST_AUTO_TEST_CASE(base64url_has_one_accepted_spelling) {
    BOOST_TEST(crypto::base64url("\xfb\xff") == "-_8");
    BOOST_TEST(*crypto::unbase64url("-_8") == "\xfb\xff");
    for (const char* bad : {"", "-_9", "-_8=", "+/8", "a", "a b", "ä"})
        BOOST_TEST(!crypto::unbase64url(bad).has_value(), bad);
}

BOOST_AUTO_TEST_CASE(tokens_have_43_characters_and_are_unique) {
    std::set<std::string> tokens;
    for (int i = 0; i < 1000; ++i) tokens.insert(crypto::new_token());
    BOOST_TEST(tokens.size() == 1000u);
    BOOST_TEST(tokens.begin()->size() == 43u);
}

BOOST_AUTO_TEST_CASE(a_password_is_verified_with_exactly_one_hash_even_if_the_account_does_not_exist) {
    std::string hash = api::password::hash("correct horse");
    BOOST_TEST(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    BOOST_TEST(hash != api::password::hash("correct horse"));
    int before = api::password::computed();
    BOOST_TEST(api::password::verify("correct horse", hash));
    BOOST_TEST(!api::password::verify("wrong horse", hash));
    BOOST_TEST(!api::password::verify("correct horse", std::nullopt));
    BOOST_TEST(api::password::computed() - before == 3);
}

BOOST_AUTO_TEST_CASE(a_password_and_a_salt_give_the_same_hash_again) {
    const std::string hash = api::password::hash("correct horse"), salt = hash.substr(0, hash.rfind('$'));
    BOOST_TEST(api::password::hash_with("correct horse", salt) == hash);
    BOOST_TEST(api::password::hash_with("wrong horse", salt) != hash);
    // with the parameters of the salt, such as two lanes
    const std::string other = "$argon2id$v=19$m=64,t=3,p=2$c29tZXNhbHRzb21lc2FsdA";
    BOOST_TEST(api::password::verify("password", api::password::hash_with("password", other)));
    BOOST_TEST(api::password::hash_with("password", other).starts_with(other + '$'));
    int before = api::password::computed();
    BOOST_TEST(!api::password::hash_with("correct horse", std::nullopt).starts_with(salt));
    BOOST_TEST(api::password::computed() - before == 1);
    for (const char* bad : {"", "$argon2i$v=19$m=64,t=3,p=2$c29tZXNhbHQ", "$argon2id$v=19$m=64,t=3,p=2$",
                            "$argon2id$v=19$m=64,t=3,p=2$?"})
        BOOST_CHECK_THROW(api::password::hash_with("password", std::string(bad)), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(the_most_common_passwords_are_refused) {
    for (const char* bad : {"password", "password123", "Qwertyuiop", "12345678", "aaaaaaaa", "Passw0rd", "iloveyou"})
        BOOST_TEST(api::password::weakness(bad, "ann", "ann@example.org") == "This password is too common.", bad);
    for (const char* good : {"correct horse", "tulip-42-bridge", "x7#kQ!p2"})
        BOOST_TEST(api::password::weakness(good, "ann", "ann@example.org") == "", good);
}

BOOST_AUTO_TEST_CASE(the_name_of_the_owner_is_refused_as_a_password) {
    BOOST_TEST(api::password::weakness("Ann.Black", "ann.black", "ann@example.org") != "");
    BOOST_TEST(api::password::weakness("ann@example.org", "ann", "ann@example.org") != "");
    BOOST_TEST(api::password::weakness("something else", "ann", "ann@example.org") == "");
}

BOOST_AUTO_TEST_SUITE_END()
