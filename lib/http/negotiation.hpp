// The header fields by which a client says what it takes and what it has: Accept, and the entity tags of If-Match and
// If-None-Match.
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace api {

/// How much a media type is wanted (RFC 9110 12.5.1): the quality of the range that describes it most closely; 0: not.
double quality_of(std::string_view accept, std::string_view type);

/// The version in each entity tag of an If-Match, as a PostgreSQL array; tags of other makers match nothing. An
/// asterisk is nothing: it matches every version.
std::optional<std::string> versions_of(std::string_view if_match);

/// Whether an If-None-Match names this entity tag, by the weak comparison of RFC 9110 8.8.3.2.
bool names_tag(std::string_view if_none_match, std::string_view etag);

}  // namespace api
