// Builds problems and writes them as JSON.
#include "base/problem.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <ranges>

#include "base/text.hpp"

namespace api {

namespace json = boost::json;

Problem::Problem(const Refusal& refusal, std::string_view more)
    : Problem(refusal.status, std::string(refusal.code), std::string(refusal.detail)) {
    if (std::size_t place = detail.find("{}"); place != detail.npos) detail.replace(place, 2, more);
}

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
    Problem problem(refusals::invalid, join(errors | std::views::keys, ", "));
    problem.errors = std::move(errors);
    return problem;
}

Problem unauthenticated(std::string_view code) {
    for (const Refusal* refusal : unauthenticated_reasons)
        if (refusal->code == code) {
            Problem problem(*refusal);
            problem.headers = {{"WWW-Authenticate", "Token, Bearer"}};
            return problem;
        }
    throw std::logic_error("nothing is refused with the code " + std::string(code));
}

Problem unavailable(std::string detail, int retry_after) {
    Problem problem(refusals::unavailable);
    problem.detail = std::move(detail);
    problem.headers = {{"Retry-After", std::to_string(retry_after)}};
    return problem;
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
