// The refusals and their words.
#include "problem.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

namespace api {

namespace json = boost::json;

std::string Problem::body() const {
    json::object document{
        {"type", "about:blank"}, {"title", reason(status)}, {"status", status}, {"code", code}, {"detail", detail}};
    if (!errors.empty()) {
        json::object fields;
        for (const auto& [field, messages] : errors) {
            json::array list;
            for (const auto& message : messages) list.emplace_back(message);
            fields[field] = std::move(list);
        }
        document["errors"] = std::move(fields);
    }
    return json::serialize(document);
}

Problem invalid(Errors errors) {
    std::string names;
    for (const auto& [field, messages] : errors) names += (names.empty() ? "" : ", ") + field;
    return {400, "invalid", "The request is not valid: " + names + ".", std::move(errors)};
}

Problem unauthenticated(std::string code) {
    std::string detail = code == "token_expired"        ? "The access token has expired. Get a new one."
                         : code == "session_superseded" ? "A later login has ended this session."
                         : code == "session_ended"      ? "This session was ended. Log in again."
                         : code == "session_expired"    ? "This session has expired. Log in again."
                         : code == "account_inactive"
                             ? "This account is not active."
                             : "Authentication credentials were not provided or are not valid.";
    return {401, std::move(code), std::move(detail), {}, {{"WWW-Authenticate", "Token, Bearer"}}};
}

Problem session_required() { return {403, "session_required", asks_for_session}; }

Problem unavailable(std::string detail, int retry_after) {
    return {503, "unavailable", std::move(detail), {}, {{"Retry-After", std::to_string(retry_after)}}};
}

std::string reason(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 204:
            return "No Content";
        case 304:
            return "Not Modified";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 415:
            return "Unsupported Media Type";
        case 429:
            return "Too Many Requests";
        case 500:
            return "Internal Server Error";
        case 503:
            return "Service Unavailable";
        case 507:
            return "Insufficient Storage";
        default:
            return "Error";
    }
}

}  // namespace api
