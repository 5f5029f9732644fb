// Idempotency-Key: a POST that is sent again is executed only once, and receives the first answer again.
#pragma once
#include <functional>
#include <optional>

#include "http/message.hpp"
#include "sql/request_context.hpp"
#include "sql/statement.hpp"

namespace api {

/// Claims a key for the caller if it is free. Returns the columns of the caller's statement, and whether the key was
/// free. Waits if another request has claimed the key and has not finished.
Statement key_statement(const Operation& operation);
/// The stored answer of a key that is already in use.
inline constexpr std::string_view stored_answer =
    "select k.digest = :system.digest, k.status, k.headers, k.body from idempotency_keys k join sessions s on s.user_id = "
    "k.user_id where s.key = :system.session_key and k.route = :system.route and k.key = :system.idempotency_key";
/// Stores the answer for later requests with the same key.
inline constexpr std::string_view store_answer =
    "update idempotency_keys k set status = :system.status, headers = :system.headers, body = :system.answer"
    " from sessions s where s.key = :system.session_key and k.user_id = s.user_id and k.route = :system.route"
    " and k.key = :system.idempotency_key";

/// The key of a request, or nothing. Throws 400 if the key is malformed, or if this operation does not accept keys.
std::optional<std::string> read_idempotency_key(const Request& request, const Operation& operation);

/// The columns of the key's statement after those of every statement: kind, is_free.
enum KeyColumn : std::size_t { key_is_free_column = first_column + 1 };

/// The answer that is stored for a key. Throws 409 if the key belongs to a different request, and 503 if its request is
/// not finished.
Reply replay(const Rows& stored);
/// Sets the parameters of store_answer from an answer.
void bind_answer(Parameters& parameters, const Reply& reply);

}  // namespace api
