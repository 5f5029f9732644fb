// Errors of requests: one exception type, sent as application/problem+json (RFC 9457).
#pragma once
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace api {

/// The errors of each field: one or more sentences.
using Errors = std::map<std::string, std::vector<std::string>>;

/// A kind of error that the API documents.
struct Refusal {
    std::string_view code;    ///< stable, for programs
    int status = 0;           ///< the HTTP status
    std::string_view detail;  ///< a sentence for people; {} is replaced by details
};

/// The errors of the library, which any endpoint can return.
namespace refusals {
inline constexpr Refusal invalid{"invalid", 400, "The request is not valid: {}."},
    bad_request{"bad_request", 400, "The request is malformed."},
    duplicate_header{"duplicate_header", 400, "The header {} was sent more than once."},
    malformed_json{"malformed_json", 400, "The body is not valid JSON: {}."},
    malformed_form{"malformed_form", 400, "The form is malformed: {}."},
    invalid_key{"invalid_idempotency_key", 400, "An Idempotency-Key must be 1 to 255 visible ASCII characters."},
    no_keys{"idempotency_not_supported", 400, "This endpoint does not support an Idempotency-Key."},
    not_authenticated{"not_authenticated", 401, "Authentication credentials were not provided or are not valid."},
    token_expired{"token_expired", 401, "The access token has expired. Get a new one with the refresh token."},
    session_superseded{"session_superseded", 401, "A later login has ended this session. Log in again."},
    session_ended{"session_ended", 401, "This session or token has been ended. Log in or create a new token."},
    session_expired{"session_expired", 401, "This session or token has expired. Log in or create a new token."},
    account_inactive{"account_inactive", 401, "This account is deactivated. Ask an administrator to activate it."},
    permission_missing{"permission_missing", 403, "This requires the permission {}."},
    session_required{"session_required", 403, "A personal access token is not accepted here. Log in instead."},
    bad_signature{"bad_signature", 403, "The signature of this URL is missing or not valid. Use the URL unchanged."},
    not_found{"not_found", 404, "Not found, or not visible to you."},
    not_acceptable{"not_acceptable", 406, "The header Accept must allow {}."},
    key_reused{"idempotency_key_reused", 409,
               "This Idempotency-Key was already used for a different request. Use a new key."},
    taken{"taken", 409, "This {} is already taken."},  // the code is the name of the constraint: email_taken
    in_use{"in_use", 409, "Other objects still refer to this one."},
    stale{"stale", 412, "The object has changed since the version in If-Match. Get its current version."},
    too_large{"too_large", 413, "The body is larger than {} bytes."},
    unsupported_media_type{
        "unsupported_media_type", 415,
        "Send application/json, application/x-www-form-urlencoded or multipart/form-data, in UTF-8."},
    internal{"internal", 500, "An internal error occurred. It has been logged."},
    no_room{"no_room", 507, "The server has no disk space for this request. Try again later."},
    unavailable{"unavailable", 503, "A service that this request needs is busy or not available. Try again."};
}  // namespace refusals

/// An error that is sent to the client.
struct Problem : std::exception {
    int status;                                                ///< the HTTP status
    std::string code;                                          ///< stable, for programs
    std::string detail;                                        ///< a sentence for people
    Errors errors;                                             ///< by field, if fields are the reason
    std::vector<std::pair<std::string, std::string>> headers;  ///< such as Retry-After

    Problem(int status, std::string code, std::string detail, Errors errors = {},
            std::vector<std::pair<std::string, std::string>> headers = {})
        : status(status),
          code(std::move(code)),
          detail(std::move(detail)),
          errors(std::move(errors)),
          headers(std::move(headers)) {}
    /// Replaces {} in the sentence by `more`.
    explicit Problem(const Refusal& refusal, std::string_view more = "");
    const char* what() const noexcept override { return detail.c_str(); }
    /// The application/problem+json document.
    std::string body() const;
};

/// Problem 400 `invalid` with the errors of each field.
Problem invalid(Errors errors);
/// The reasons for a 401.
inline constexpr const Refusal* unauthenticated_reasons[] = {
    &refusals::not_authenticated, &refusals::token_expired,   &refusals::session_superseded,
    &refusals::session_ended,     &refusals::session_expired, &refusals::account_inactive};
/// Problem 401 with the challenges of both token kinds (RFC 9110 11.6.1) and the code of one of
/// unauthenticated_reasons. Throws std::logic_error for any other code.
Problem unauthenticated(std::string_view code);
/// Problem 503 `unavailable` with a Retry-After in seconds.
Problem unavailable(std::string detail, int retry_after);

/// The reason phrase of a status (RFC 9110 15, RFC 6585, RFC 4918 11.5); `Error` for a status that Fettle does not use.
std::string reason(int status);

}  // namespace api
