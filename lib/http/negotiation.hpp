// Content negotiation and conditional requests: Accept, and the entity tags of If-Match and If-None-Match.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace api {

/// The quality of a media type in an Accept, 0 to 1 (RFC 9110 12.5.1): that of the most specific range that matches it;
/// 0 if it is not accepted.
double quality_of(std::string_view accept, std::string_view type);

/// The version in each entity tag of an If-Match, as a PostgreSQL array. Tags that are not from this API are left out,
/// so they match no version. Nothing for an asterisk, which matches every version.
std::optional<std::string> versions_of(std::string_view if_match);

/// Whether an If-None-Match contains this entity tag, by the weak comparison of RFC 9110 8.8.3.2.
bool names_tag(std::string_view if_none_match, std::string_view etag);

}  // namespace api
