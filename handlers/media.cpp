// Stored files by their signed URLs. The signature is the permission: no query of the database. nginx sends the file.
#include "files/media.hpp"

#include <algorithm>
#include <ctime>

#include "api.hpp"
#include "files/storage.hpp"

namespace {

/// Whether a text can be one of the two names of a media type (RFC 6838 4.2).
bool is_restricted_name(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
        return std::isalnum(c) || std::string_view("!#$&-^_.+").find(static_cast<char>(c)) != std::string_view::npos;
    });
}

/// The Content-Type of the response: the signed type if it is a valid media type, otherwise unknown_type.
std::string content_type(const api::media::Link& link) {
    std::string_view type = link.content_type;
    if (constexpr std::string_view utf8 = "; charset=utf-8"; type.ends_with(utf8)) type.remove_suffix(utf8.size());
    const std::size_t slash = std::min(type.find('/'), type.size());
    const bool is_type =
        is_restricted_name(type.substr(0, slash)) && is_restricted_name(type.substr(std::min(slash + 1, type.size())));
    return is_type ? link.content_type : std::string(api::storage::unknown_type);
}

/// The Content-Disposition (RFC 6266): an ASCII name for old clients, without the characters that some of them misread
/// (appendix D), and the whole name in UTF-8. Only pictures are `inline`: a browser saves all other files.
std::string disposition(const std::string& type, std::string_view name) {
    std::string plain;
    for (unsigned char c : name) {
        if ((c & 0xc0) == 0x80) continue;  // one underscore for each character
        plain += c < 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == '%' || c == ';' ? '_' : static_cast<char>(c);
    }
    const bool is_picture = type == "image/png" || type == "image/jpeg" || type == "image/webp";
    return std::string(is_picture ? "inline" : "attachment") + "; filename=\"" + plain + "\"; filename*=UTF-8''" +
           api::encode_query(name);
}

constexpr api::Rule expired =
    api::thrown("expired", 410, "This URL has expired. Request the object that it came from again to get a new one.");

api::Reply send(api::RequestContext& context) {
    const api::media::Link link = api::media::verified(context.request.variable("REQUEST_URI"));
    if (link.expires <= std::time(nullptr)) throw api::Problem(api::refusal_of(expired));
    if ((link.kind != "document" && link.kind != "picture") || !api::storage::is_sha256(link.sha256))
        throw api::Problem(api::refusals::not_found);
    const std::string type = content_type(link);
    return {.headers = {{"X-Accel-Redirect", "/_stored/" + api::storage::path_of(link.sha256)},
                        {"Content-Disposition", disposition(type, link.file_name)}},
            .content_type = type};
}

constexpr api::Endpoint<api::None, api::None> file{{
    .route = "GET /media/{kind}/{sha256}/{file_name}",
    .summary = "Download a stored file by its signed URL.",
    .permissions = {api::anyone},
    .rules = {api::thrown(api::refusals::bad_signature), expired},
    .run = send,
    .content_type = api::any_type,
}};

}  // namespace

int main(int argc, char** argv) { return api::serve(argc, argv, file); }
