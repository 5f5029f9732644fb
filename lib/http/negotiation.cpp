// Each of these fields is a list, read from left to right.
#include "http/negotiation.hpp"

#include <algorithm>
#include <charconv>

#include "base/unicode.hpp"

namespace api {

namespace {

/// Takes the next entity tag off the front of a list; without W/, as a version is the same however it was compressed.
std::string_view take_tag(std::string_view& list) {
    std::string_view tag = list.substr(0, list.find(','));
    list.remove_prefix(std::min(tag.size() + 1, list.size()));
    while (!tag.empty() && (tag.front() == ' ' || tag.front() == '\t')) tag.remove_prefix(1);
    while (!tag.empty() && (tag.back() == ' ' || tag.back() == '\t')) tag.remove_suffix(1);
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    return tag;
}

}  // namespace

double quality_of(std::string_view accept, std::string_view type) {
    double quality = 0;
    int closest = 0;
    while (!accept.empty()) {
        std::string range = unicode::lower(accept.substr(0, accept.find(',')));
        accept.remove_prefix(std::min(range.size() + 1, accept.size()));
        range.erase(std::remove_if(range.begin(), range.end(), [](char c) { return c == ' ' || c == '\t'; }),
                    range.end());
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
    std::string list;
    while (!if_match.empty()) {
        const std::string_view tag = take_tag(if_match);
        if (tag == "*") return std::nullopt;
        int version = 0;
        if (tag.size() < 3 || tag.front() != '"') continue;
        auto [end, error] = std::from_chars(tag.data() + 1, tag.data() + tag.size(), version);
        if (error == std::errc() && (*end == '-' || *end == '"'))
            list += (list.empty() ? "" : ",") + std::to_string(version);
    }
    return "{" + list + "}";
}

bool names_tag(std::string_view if_none_match, std::string_view etag) {
    while (!if_none_match.empty()) {
        const std::string_view tag = take_tag(if_none_match);
        if (tag == "*" || tag == etag) return true;
    }
    return false;
}

}  // namespace api
