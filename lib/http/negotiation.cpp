// Parses Accept, If-Match and If-None-Match, which are lists.
#include "http/negotiation.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/text.hpp"
#include "base/unicode.hpp"

namespace api {

namespace {

/// The entity tags of a list, without W/: compression does not change the version.
std::vector<std::string_view> tags_of(std::string_view list) {
    std::vector<std::string_view> tags = split(list, ",");
    for (std::string_view& tag : tags) {
        tag = trim(tag);
        if (tag.starts_with("W/")) tag.remove_prefix(2);
    }
    return tags;
}

}  // namespace

double quality_of(std::string_view accept, std::string_view type) {
    double quality = 0;
    int closest = 0;
    for (const std::string_view part : split(accept, ",")) {
        std::string range = unicode::lower(part);
        std::erase_if(range, [](char c) { return c == ' ' || c == '\t'; });
        const std::string given = range.substr(0, range.find(';'));
        const int close = given == type                                                 ? 3
                          : given == std::string(type.substr(0, type.find('/'))) + "/*" ? 2
                          : given == "*/*"                                              ? 1
                                                                                        : 0;
        if (close <= closest) continue;
        closest = close;
        const std::size_t q = range.find(";q=");
        quality = 1;
        if (q != range.npos) std::from_chars(range.data() + q + 3, range.data() + range.size(), quality);
    }
    return quality;
}

std::optional<std::string> versions_of(std::string_view if_match) {
    std::vector<std::string> versions;
    for (const std::string_view tag : tags_of(if_match)) {
        if (tag == "*") return std::nullopt;
        int version = 0;
        if (tag.size() < 3 || tag.front() != '"') continue;
        auto [end, error] = std::from_chars(tag.data() + 1, tag.data() + tag.size(), version);
        if (error == std::errc() && (*end == '-' || *end == '"')) versions.push_back(std::to_string(version));
    }
    return "{" + join(versions, ",") + "}";
}

bool names_tag(std::string_view if_none_match, std::string_view etag) {
    const std::vector<std::string_view> tags = tags_of(if_none_match);
    return std::ranges::any_of(tags, [&](std::string_view tag) { return tag == "*" || tag == etag; });
}

}  // namespace api
