// Access tokens, the key file, refresh tokens, and the types of texts that are used for names.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "auth/jwt.hpp"
#include "auth/refresh.hpp"
#include "base/crypto.hpp"
#include "base/keys.hpp"
#include "base/problem.hpp"
#include "base/unicode.hpp"
#include "files/media.hpp"
#include "schema/types.hpp"

namespace crypto = api::crypto;
namespace fs = std::filesystem;
namespace json = boost::json;
using api::Source;
using api::Type;

namespace {

/// A directory for the key file; its path is in the settings before anything reads them.
struct Folder {
    fs::path path;
    Folder() {
        char name[] = "/tmp/fettle-unit-XXXXXX";
        if (!mkdtemp(name)) throw std::runtime_error("no temporary folder");
        path = name;
        setenv("FETTLE_KEYS", (path / "keys").c_str(), 1);
    }
    ~Folder() { fs::remove_all(path); }
};
const Folder folder;
const fs::path file = folder.path / "keys";

std::string text() {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

mode_t mode() {
    struct stat is{};
    return stat(file.c_str(), &is) == 0 ? is.st_mode & 07777 : 0;
}

/// Replaces the file by rename, as all programs do.
void put(const std::string& content, mode_t mode = 0600) {
    const fs::path fresh = folder.path / "put";
    std::ofstream(fresh) << content;
    chmod(fresh.c_str(), mode);
    fs::rename(fresh, file);
}

std::string line(const std::string& id, std::int64_t age, const std::string& use = "access") {
    return use + ' ' + id + ' ' + std::to_string(std::time(nullptr) - age) + ' ' +
           crypto::base64url(crypto::random_bytes(32)) + '\n';
}

/// The ids of the keys of one use, in the order of the file.
std::string ids(std::string_view use = "access") {
    std::string all;
    for (const api::Key& key : api::keys()->all())
        if (key.use == use) all += (all.empty() ? "" : " ") + key.id;
    return all;
}

/// HMAC (RFC 2104) with SHA-256, for keys of at most 64 bytes: the tests sign tokens without the code of the library.
std::string hmac(const std::string& key, const std::string& message) {
    auto digest = [](const std::string& bytes) {
        auto all = crypto::sha256(bytes);
        return std::string(reinterpret_cast<const char*>(all.data()), all.size());
    };
    std::string inner(64, '\x36'), outer(64, '\x5c');
    for (std::size_t i = 0; i < key.size(); ++i)
        inner[i] = static_cast<char>(inner[i] ^ key[i]), outer[i] = static_cast<char>(outer[i] ^ key[i]);
    return digest(outer + digest(inner + message));
}

const std::string session_key = crypto::token_key("the token of a session");

/// A token with these claims, signed by the newest key.
std::string token(const std::string& claims, std::string header = "") {
    const api::Key key = api::keys()->newest("access");
    if (header.empty()) header = R"({"alg":"HS256","typ":"JWT","kid":")" + key.id + "\"}";
    const std::string head = crypto::base64url(header) + '.' + crypto::base64url(claims);
    return head + '.' + crypto::base64url(hmac(key.bytes, head));
}

std::string claims(std::int64_t issued, std::int64_t expires, const std::string& use = "access") {
    const std::int64_t now = std::time(nullptr);
    return R"({"iss":"fettle","sub":"7","use":")" + use + R"(","sid":")" +
           crypto::base64url(crypto::unhex(session_key)) + R"(","iat":)" + std::to_string(now + issued) + R"(,"exp":)" +
           std::to_string(now + expires) + '}';
}

/// The session of a token, or the code of the error.
std::string read(const std::string& token) {
    try {
        return api::jwt::session_key_of(token);
    } catch (const api::Problem& problem) {
        BOOST_TEST(problem.status == 401);
        return problem.code;
    }
}

template <class T>
std::string check(json::value value, Source source = Source::json) {
    return Type<T>::check(value, source);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tokens)

// -- keys

BOOST_AUTO_TEST_CASE(many_threads_that_need_the_first_key_get_the_same) {
    fs::remove(file);
    std::vector<std::shared_ptr<const api::Keys>> got(8);
    std::vector<std::thread> threads;
    for (auto& one : got) threads.emplace_back([&one] { one = api::keys(); });
    for (std::thread& thread : threads) thread.join();
    for (const auto& one : got) BOOST_TEST(one->newest("access").bytes == got[0]->newest("access").bytes);
    BOOST_TEST(got[0]->all().size() == 2u);
    for (const char* use : {"access", "media"}) BOOST_TEST(got[0]->newest(use).bytes.size() == 32u);
    BOOST_TEST(got[0]->newest("access").bytes != got[0]->newest("media").bytes);
    BOOST_TEST(mode() == 0600u);
}

BOOST_AUTO_TEST_CASE(many_processes_that_need_the_first_key_get_the_same) {
    for (int turn = 0; turn < 20; ++turn) {
        fs::remove(file);
        int pipes[2], start[2];
        BOOST_REQUIRE(pipe(pipes) == 0 && pipe(start) == 0);
        std::vector<pid_t> children;
        for (int i = 0; i < 4; ++i) {
            const pid_t child = fork();
            BOOST_REQUIRE(child >= 0);
            if (child == 0) {
                char go;
                close(start[1]);
                bool fine = read(start[0], &go, 1) == 0;  // all start when the parent closes its end
                try {
                    const std::string bytes = api::keys()->newest("access").bytes;
                    fine = fine && write(pipes[1], bytes.data(), bytes.size()) == 32;
                } catch (...) {
                    fine = false;
                }
                _exit(fine ? 0 : 1);
            }
            children.push_back(child);
        }
        close(start[0]), close(start[1]), close(pipes[1]);
        std::set<std::string> seen;
        char bytes[32];
        for (ssize_t n; (n = read(pipes[0], bytes, sizeof bytes)) > 0;) seen.emplace(bytes, n);
        close(pipes[0]);
        for (pid_t child : children) {
            int status = 1;
            waitpid(child, &status, 0);
            BOOST_TEST(status == 0);
        }
        BOOST_TEST(seen.size() == 1u);
        BOOST_TEST(seen.contains(api::keys()->newest("access").bytes));
    }
    BOOST_TEST(!fs::exists(file.string() + ".new"));
}

BOOST_AUTO_TEST_CASE(an_incomplete_new_file_is_overwritten) {
    std::ofstream(file.string() + ".new") << "access half";
    fs::remove(file);
    BOOST_TEST(api::keys()->all().size() == 2u);
    std::ofstream(file.string() + ".new") << "access half";
    const std::string before = ids();
    const std::string made = api::rotate_keys().front().id;
    BOOST_TEST(ids() == made + ' ' + before);
    BOOST_TEST(!fs::exists(file.string() + ".new"));
}

BOOST_AUTO_TEST_CASE(a_rotation_keeps_the_keys_whose_signatures_may_still_be_valid) {
    // An access key is needed for 75 minutes after the next one was made, a media key for 65: `third` was replaced by
    // `second` 80 minutes ago, `older` by `other` 70 minutes ago.
    put(line("first", 100) + line("second", 80L * 60) + line("third", 3L * 3600) + line("other", 70L * 60, "media") +
        line("older", 71L * 60, "media"));
    const std::vector<api::Key> made = api::rotate_keys();
    BOOST_REQUIRE(made.size() == 2u);
    BOOST_TEST(ids() == made[0].id + " first second");
    BOOST_TEST(ids("media") == made[1].id + " other");
    BOOST_TEST(api::keys()->newest("access").id == made[0].id);
    BOOST_TEST(api::keys()->newest("media").id == made[1].id);
    for (const api::Key& key : made) BOOST_TEST(key.id.size() == 8u);
    BOOST_TEST(mode() == 0600u);
    BOOST_TEST(api::keys()->find("access", "first") != nullptr);
    BOOST_TEST(api::keys()->find("access", "third") == nullptr);
    BOOST_TEST(api::keys()->find("access", "other") == nullptr);
}

BOOST_AUTO_TEST_CASE(a_changed_file_is_read_at_once_and_an_unchanged_one_is_not) {
    put(line("before", 1));
    const auto first = api::keys();
    BOOST_TEST(api::keys() == first);
    put(line("after", 0) + line("before", 1));
    BOOST_TEST(ids() == "after before");
    BOOST_TEST(first->newest("access").id == "before");  // a caller can still use the keys that it read before
}

BOOST_AUTO_TEST_CASE(keys_that_other_users_can_read_are_refused) {
    for (mode_t mode : {0644, 0620, 0604, 0660, 0601, 0650}) {
        put(line("known", 0), mode);
        BOOST_CHECK_THROW(api::keys(), std::runtime_error);
        BOOST_CHECK_THROW(api::rotate_keys(), std::runtime_error);
    }
    put(line("secret", 0));
    BOOST_TEST(ids() == "secret");
}

BOOST_AUTO_TEST_CASE(the_group_can_read_them_if_the_mode_says_so_and_a_rotation_keeps_it) {
    put(line("shared", 0), 0640);
    BOOST_TEST(ids() == "shared");
    api::rotate_keys();
    BOOST_TEST(mode() == 0640u);
    BOOST_TEST(api::keys()->find("access", "shared") != nullptr);
}

BOOST_AUTO_TEST_CASE(without_write_permission_in_the_directory_the_existing_keys_are_used) {
    if (geteuid() == 0) return;  // root can always write; tests/deploy tests this as the user of a handler
    put(line("alone", 0));
    const std::string folder = std::filesystem::path(file).parent_path();
    BOOST_REQUIRE(chmod(folder.c_str(), 0500) == 0);
    BOOST_TEST(ids() == "alone");
    BOOST_CHECK_THROW(api::keys()->newest("media"), std::runtime_error);
    BOOST_REQUIRE(chmod(folder.c_str(), 0700) == 0);
}

BOOST_AUTO_TEST_CASE(a_line_that_is_not_a_key_is_refused_and_the_file_is_not_changed) {
    const std::string good = line("good", 0), bytes = crypto::base64url(crypto::random_bytes(32));
    for (const std::string& bad :
         {std::string("access"), std::string("access id"), std::string("access id 1"), "access id now " + bytes,
          "access id 1 " + bytes + " more", "access id 1 " + bytes + "=", "access id 1 " + bytes.substr(0, 42),
          std::string("access id 1 c2hvcnQ"), "access id 1x " + bytes, std::string("\x01\x02")}) {
        put(good + bad + '\n');
        const std::string before = text();
        BOOST_CHECK_THROW(api::keys(), std::runtime_error);
        BOOST_CHECK_THROW(api::rotate_keys(), std::runtime_error);
        BOOST_TEST(text() == before, bad);
    }
    put("# a remark\n\n" + good);
    BOOST_TEST(ids() == "good");
}

BOOST_AUTO_TEST_CASE(a_file_that_lacks_a_key_for_a_use_gets_one_and_keeps_the_others) {
    for (const auto& [has, lacks] : {std::pair("media", "access"), std::pair("access", "media")}) {
        put(line("other", 0, has));
        BOOST_TEST(ids(has) == "other");
        BOOST_TEST(api::keys()->newest(lacks).bytes.size() == 32u);
    }
    BOOST_CHECK_THROW(api::keys()->newest("nothing"), std::runtime_error);
}

// -- URLs of files

BOOST_AUTO_TEST_CASE(a_url_contains_what_was_signed) {
    const std::string held = line("first", 0, "media");
    put(held);
    const api::media::Link link{"document", std::string(64, 'a'), "Prüfung 100%.pdf", "application/pdf", 1900000000};
    const std::string url = api::media::signed_url(link);
    const std::string text =
        "/media/document/" + link.sha256 + "/Pr%C3%BCfung%20100%25.pdf?type=application%2Fpdf&expires=1900000000";
    BOOST_TEST(url ==
               text + "&signature=" + crypto::base64url(crypto::hmac_sha256(api::keys()->newest("media").bytes, text)));
    put(line("second", 0, "media") + held);
    const api::media::Link read = api::media::verified(url);
    BOOST_TEST(read.kind == link.kind);
    BOOST_TEST(read.sha256 == link.sha256);
    BOOST_TEST(read.file_name == link.file_name);
    BOOST_TEST(read.content_type == link.content_type);
    BOOST_TEST(read.expires == link.expires);
}

BOOST_AUTO_TEST_CASE(a_name_in_a_url_is_never_a_directory) {
    put(line("first", 0, "media"));
    for (const auto& [given, made] :
         {std::pair("..", "_"), std::pair(".", "_"), std::pair("", "_"), std::pair("../keys", ".._keys"),
          std::pair("a\\b\r\n", "a_b__"), std::pair("...", "..."), std::pair("a+b&c=d", "a+b&c=d")})
        BOOST_TEST(api::media::verified(api::media::signed_url({"document", "a", given, "b", 1})).file_name == made);
}

BOOST_AUTO_TEST_CASE(a_url_is_valid_for_at_most_five_minutes_and_stays_equal_for_a_step) {
    for (std::int64_t now : {1700000010, 1700000011, 1700000039})
        BOOST_TEST(api::media::expires_at(now) == 1700000010 + 300);
    BOOST_TEST(api::media::expires_at(1700000040) == 1700000040 + 300);
}

BOOST_AUTO_TEST_CASE(a_url_that_was_not_made_by_signed_url_is_refused) {
    put(line("first", 0, "media"));
    const std::string url = api::media::signed_url({"document", "a", "b", "c", 1});
    const std::string text = url.substr(0, url.find("&signature="));
    auto sign = [](const std::string& signed_text, const char* use) {
        return signed_text +
               "&signature=" + crypto::base64url(crypto::hmac_sha256(api::keys()->newest(use).bytes, signed_text));
    };
    BOOST_TEST(sign(text, "media") == url);
    for (const std::string& bad :
         {std::string(), std::string("/"), std::string("&signature="), "&signature=" + std::string(43, 'A'), text,
          url + "A", url.substr(0, url.size() - 1), sign(text, "access"), sign("", "media"), sign("/media/", "media"),
          sign("/media/a/b?type=c&expires=1", "media"), sign("/media/a/b/c", "media"), sign(text + "&x=1", "media"),
          sign("/media/a?type=/b/&expires=1", "media"), sign("/media/a/b/c?expires=1&type=d", "media"),
          sign("/api/a/b/c?type=d&expires=1", "media"), sign("/media/a/b/c?type=d&expires=1x", "media")}) {
        BOOST_CHECK_EXCEPTION(api::media::verified(bad), api::Problem,
                              [](const api::Problem& p) { return p.status == 403 && p.code == "bad_signature"; });
    }
}

// -- access tokens

BOOST_AUTO_TEST_CASE(an_access_token_returns_its_session) {
    put(line("first", 0));
    const std::string made = api::jwt::access_token(7, session_key);
    BOOST_TEST(read(made) == session_key);
    BOOST_TEST(*crypto::unbase64url(made.substr(0, made.find('.'))) == R"({"alg":"HS256","kid":"first","typ":"JWT"})");
    put(line("second", 0) + text());
    BOOST_TEST(read(made) == session_key);
    put(line("second", 0));
    BOOST_TEST(read(made) == "not_authenticated");
    BOOST_CHECK_THROW(api::jwt::access_token(7, "no bytea"), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_correct_token_that_was_signed_elsewhere_is_accepted) {
    BOOST_TEST(read(token(claims(0, 900))) == session_key);
    BOOST_TEST(read(token(claims(20, 900))) == session_key);  // clocks may differ by half a minute
    BOOST_TEST(read(token(claims(-900, -20))) == session_key);
    BOOST_TEST(read(token(claims(-900, -31))) == "token_expired");
    BOOST_TEST(read(token(claims(-900, -100000))) == "token_expired");
    BOOST_TEST(read(token(claims(45, 900))) == "not_authenticated");
    BOOST_TEST(read(token(claims(0, 900, "refresh"))) == "not_authenticated");
    BOOST_TEST(read(token(claims(0, 900), R"({"alg":"none","typ":"JWT","kid":"second"})")) == "not_authenticated");
    BOOST_TEST(read(token(claims(0, 900).insert(1, R"("sub":"8",)"))) == "not_authenticated");
}

BOOST_AUTO_TEST_CASE(no_byte_of_a_token_can_be_changed_or_removed) {
    const std::string good = api::jwt::access_token(7, session_key);
    for (std::size_t i = 0; i < good.size(); ++i) {
        std::string bad = good;
        bad[i] = bad[i] == 'A' ? 'B' : 'A';
        BOOST_TEST(read(bad) == "not_authenticated", i);
        BOOST_TEST(read(std::string(good).erase(i, 1)) == "not_authenticated", i);
        BOOST_TEST(read(good.substr(0, i)) == "not_authenticated", i);
    }
    for (const std::string& bad : {good + '.', '.' + good, good + '=', good + ' ', good + std::string(1, '\0'),
                                   good + std::string(2048, 'A'), std::string(".."), std::string("\xff.\xff.\xff")})
        BOOST_TEST(read(bad) == "not_authenticated");
}

// -- refresh tokens

BOOST_AUTO_TEST_CASE(a_refresh_token_is_found_by_its_family_and_verified_by_its_key) {
    const auto first = api::RefreshToken::first();
    const auto again = api::RefreshToken::read(first.text);
    BOOST_REQUIRE(again.has_value());
    BOOST_TEST(again->family == first.family);
    BOOST_TEST(again->key == first.key);
    BOOST_TEST(first.key == crypto::token_key(first.text));
    const auto next = first.next();
    BOOST_TEST(next.text.size() == 65u);
    BOOST_TEST(next.family == first.family);
    BOOST_TEST(next.key != first.key);
    BOOST_TEST(next.text.substr(0, 22) == first.text.substr(0, 22));
    BOOST_TEST(api::RefreshToken::first().family != first.family);
    std::set<std::string> keys;
    for (int i = 0; i < 1000; ++i) keys.insert(first.next().key);
    BOOST_TEST(keys.size() == 1000u);
}

BOOST_AUTO_TEST_CASE(a_malformed_refresh_token_is_refused) {
    const std::string good = api::RefreshToken::first().text;
    for (const std::string& bad :
         {std::string(), good.substr(1), good + 'A', good.substr(0, 64) + '=', '+' + good.substr(1),
          ' ' + good.substr(1), good.substr(0, 30) + '.' + good.substr(31), good.substr(0, 30) + '\0' + good.substr(31),
          std::string("\xc3\xa4") + good.substr(2), std::string(65, '=')})
        BOOST_TEST(!api::RefreshToken::read(bad).has_value(), bad);
    // the last character of either part has unused bits, and only one spelling is accepted
    for (std::size_t last : {21u, 64u}) {
        std::string bad = good;
        bad[last] = bad[last] == 'z' ? '-' : static_cast<char>(bad[last] + 1);
        BOOST_TEST(!api::RefreshToken::read(bad).has_value(), bad);
    }
}

// -- texts that are used for names

BOOST_AUTO_TEST_CASE(a_line_has_no_hidden_characters) {
    for (const char* good : {"ann", "Ann Black", "Zoë", "名前", "می\u200cخواهم", "👩\u200d🔧", " x "})
        BOOST_TEST((check<api::Line<1, 20>>(good)) == "", good);
    // NOLINTBEGIN(misc-misleading-bidirectional): they are what is tested
    for (const char* bad : {"a\nb", "a\rb", "a\tb",
                            "a\u202e"
                            "b",
                            "a\u200b"
                            "b",
                            "\ufeff"
                            "ab",
                            "a\u00ad"
                            "b",
                            "a\u2066"
                            "b",
                            "a\u2028"
                            "b",
                            "a\U000e0041"
                            "b",
                            "a\x1b"
                            "b",
                            "a\x7f"
                            "b",
                            "", "  ", "123456789012345678901"})
        BOOST_TEST((check<api::Line<1, 20>>(bad)) != "", bad);
    // NOLINTEND(misc-misleading-bidirectional)
    BOOST_TEST((check<api::Line<0, 20>>("")) == "");
    BOOST_TEST((check<api::Line<1, 20>>(7)) == "Not a valid string.");
    BOOST_TEST((check<api::Text<1, 20>>("a\nb\tc")) == "");  // a text can have line breaks and tabs
}

BOOST_AUTO_TEST_CASE(a_code_is_a_word_of_at_most_a_hundred_characters) {
    BOOST_TEST(check<api::Code>("tasks.create") == "");
    BOOST_TEST(check<api::Code>(json::string(100, 'a')) == "");
    BOOST_TEST(check<api::Code>(json::string(101, 'a')) != "");
    BOOST_TEST(check<api::Code>("") != "");
    BOOST_TEST(check<api::Code>(true) != "");
}

BOOST_AUTO_TEST_CASE(names_are_a_list_without_duplicates) {
    BOOST_TEST(check<api::Names>(json::array{}) == "");
    BOOST_TEST((check<api::Names>(json::array{"employee", "manager"})) == "");
    BOOST_TEST((check<api::Names>(json::array{"employee", "employee"})) == "A name appears more than once.");
    for (const json::value& bad :
         {json::value("employee"), json::value(nullptr), json::value(1), json::value(json::object{}),
          json::value(json::array{1}), json::value(json::array{nullptr}), json::value(json::array{""}),
          json::value(json::array{"a\nb"}), json::value(json::array{json::array{"employee"}}),
          json::value(json::array{json::string(201, 'a')})})
        BOOST_TEST(check<api::Names>(bad) != "", json::serialize(bad));
    // in a form they are one text
    json::value given("employee,manager");
    BOOST_TEST(Type<api::Names>::check(given, Source::text) == "");
    BOOST_TEST((given == json::value(json::array{"employee", "manager"})));
    given = "";
    BOOST_TEST(Type<api::Names>::check(given, Source::text) == "");
    BOOST_TEST((given == json::value(json::array{})));
    for (const char* bad : {"a,a", ",a", "a,,b", " ,a"}) BOOST_TEST(check<api::Names>(bad, Source::text) != "", bad);
    BOOST_TEST((Type<api::Names>::load(json::array{"b", "a"}).value == std::vector<std::string>{"b", "a"}));
}

BOOST_AUTO_TEST_CASE(hidden_characters_are_recognized) {
    // NOLINTBEGIN(misc-misleading-bidirectional): they are what is tested
    for (const char* hidden : {"\t",     "\n",     "\r",     "\u00ad", "\u061c", "\u180e",     "\u200b",
                               "\u200e", "\u200f", "\u2028", "\u2029", "\u202a", "\u202e",     "\u2060",
                               "\u2066", "\u2069", "\u206f", "\ufeff", "\ufff9", "\U000e0001", "\U000e007f"})
        BOOST_TEST(api::unicode::has_hidden("a" + std::string(hidden) + "b"));
    // NOLINTEND(misc-misleading-bidirectional)
    for (const char* seen :
         {"", "a b", "é", "\u00a0", "\u200c", "\u200d", "\u2010", "\u2030", "\u3000", "👩\u200d🔧", "🇩🇪"})
        BOOST_TEST(!api::unicode::has_hidden(seen), seen);
}

BOOST_AUTO_TEST_CASE(bytes_can_be_converted_to_hexadecimal_and_back) {
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    BOOST_TEST(crypto::unhex("\\x" + crypto::hex(all)) == all);
    BOOST_TEST(crypto::hex(std::string("\x00\x7f\xff", 3)) == "007fff");
    BOOST_TEST(crypto::unhex("\\x") == "");
    for (const char* bad : {"", "00", "\\x0", "\\xgg", "\\xAB", "x00", "\\x 0", "\\x00 "})
        BOOST_CHECK_THROW(crypto::unhex(bad), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()
