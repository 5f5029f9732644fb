// Signs and verifies URLs as text. The client sends back exactly the bytes that were signed, so nothing is normalised.
#include "files/media.hpp"

#include <boost/json/parse.hpp>
#include <charconv>

#include "base/crypto.hpp"
#include "base/keys.hpp"
#include "http/input.hpp"

namespace api::media {

namespace {

constexpr std::string_view use = "media", root = "/media/", mark = "&signature=";
constexpr std::size_t signature_size = 43;  // 32 bytes in base64url

/// The file name without characters that would make it a path or break a header, so that every client sends it
/// unchanged.
std::string plain(std::string name) {
    for (char& c : name)
        if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '_';
    return name.empty() || name == "." || name == ".." ? "_" : name;
}

/// Whether this is the signature of the text by a key of use `media`.
bool is_signed(std::string_view text, std::string_view signature) {
    bool right = false;
    const auto held = keys();
    for (const Key& key : held->all())
        if (key.use == use && crypto::equal(crypto::hmac_sha256(key.bytes, text), signature)) right = true;
    return right;
}

/// Parses the signed text of a URL; nothing if it does not have the form that signed_url() produces.
std::optional<Link> read(std::string_view text) {
    if (!text.starts_with(root)) return std::nullopt;
    const std::size_t kind = root.size(), sha256 = text.find('/', kind) + 1, name = text.find('/', sha256) + 1,
                      query = text.find('?') + 1;
    if (sha256 == 0 || name == 0 || query <= name) return std::nullopt;
    const auto pairs = decode_query("file_name=" + std::string(text.substr(name, query - 1 - name)) + "&" +
                                    std::string(text.substr(query)));
    if (pairs.size() != 3 || pairs[0].first != "file_name" || pairs[1].first != "type" || pairs[2].first != "expires")
        return std::nullopt;
    Link link{std::string(text.substr(kind, sha256 - 1 - kind)), std::string(text.substr(sha256, name - 1 - sha256)),
              plain(pairs[0].second), pairs[1].second, 0};
    const std::string& expires = pairs[2].second;
    auto [end, error] = std::from_chars(expires.data(), expires.data() + expires.size(), link.expires);
    if (error != std::errc() || end != expires.data() + expires.size()) return std::nullopt;
    return link;
}

}  // namespace

std::string signed_url(const Link& link) {
    std::string url(root);
    url += link.kind + '/' + link.sha256 + '/' + encode_query(plain(link.file_name)) +
           "?type=" + encode_query(link.content_type) + "&expires=" + std::to_string(link.expires);
    const std::string signature = crypto::hmac_sha256(keys()->newest(use).bytes, url);
    return url + std::string(mark) + crypto::base64url(signature);
}

Link verified(std::string_view target) {
    const Problem refused(refusals::bad_signature);
    if (target.size() < mark.size() + signature_size) throw refused;
    const std::string_view text = target.substr(0, target.size() - mark.size() - signature_size);
    const std::optional<std::string> signature = crypto::unbase64url(target.substr(target.size() - signature_size));
    if (!target.substr(text.size()).starts_with(mark) || !signature || !is_signed(text, *signature)) throw refused;
    std::optional<Link> link = read(text);
    if (!link) throw refused;
    return *link;
}

void write_url(std::string& out, std::string_view column) {
    const json::array parts = json::parse({column.data(), column.size()}).as_array();
    const auto text = [&](std::size_t i) { return json::value_to<std::string>(parts.at(i)); };
    types::write_text(out, text(0) + signed_url({text(1), text(2), text(3), text(4), parts.at(5).as_int64()}));
}

}  // namespace api::media
