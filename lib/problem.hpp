// How a request is refused: one exception, answered as application/problem+json (RFC 9457).
#pragma once
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace api {

/// What is wrong with which field; a field may have several faults.
using Errors = std::map<std::string, std::vector<std::string>>;

/// A refusal: its status, a stable code for programs, a sentence for people.
struct Problem : std::exception {
    int status;
    std::string code;
    std::string detail;
    Errors errors;
    std::vector<std::pair<std::string, std::string>> headers;  ///< such as Retry-After

    Problem(int status, std::string code, std::string detail, Errors errors = {},
            std::vector<std::pair<std::string, std::string>> headers = {})
        : status(status),
          code(std::move(code)),
          detail(std::move(detail)),
          errors(std::move(errors)),
          headers(std::move(headers)) {}
    const char* what() const noexcept override { return detail.c_str(); }
    /// The document.
    std::string body() const;
};

/// 400 with every fault by name.
Problem invalid(Errors errors);
/// 401 with the challenges of both token kinds; code is one of the contract's six.
Problem unauthenticated(std::string code);
/// What session_required() says.
inline constexpr const char* asks_for_session = "A personal access token cannot do this. Log in instead.";
/// 403 for a personal access token where a login is asked for.
Problem session_required();
/// 503 that says when to come back, in seconds.
Problem unavailable(std::string detail, int retry_after);

/// The phrase that belongs to a status (RFC 9110 15, RFC 6585).
std::string reason(int status);

}  // namespace api
