// Idempotency-Key: a POST that is sent again does its work once, and gets its first answer again.
#pragma once
#include <functional>
#include <optional>

#include "http/message.hpp"
#include "sql/request_context.hpp"
#include "sql/statement.hpp"

namespace api {

/// Takes a key for the caller, if it is free: the columns of the caller's statement, and whether it was free. Waits for
/// a request that has just taken it.
Statement key_statement(const Operation& operation);
/// The first answer to a key that is taken already.
inline constexpr std::string_view stored_answer =
    "select k.digest = :system.digest, k.status, k.headers, k.body from idempotency_keys k join sessions s on s.user_id = "
    "k.user_id where s.key = :system.session_key and k.route = :system.route and k.key = :system.idempotency_key";
/// Stores the answer for requests that come again with the key.
inline constexpr std::string_view store_answer =
    "update idempotency_keys k set status = :system.status, headers = :system.headers, body = :system.answer"
    " from sessions s where s.key = :system.session_key and k.user_id = s.user_id and k.route = :system.route"
    " and k.key = :system.idempotency_key";

/// The key of a request, or nothing. Throws a 400 where it is malformed, or of no use at this operation.
std::optional<std::string> read_idempotency_key(const Request& request, const Operation& operation);

/// The columns of the key's statement after those of every statement: kind, is_free.
enum KeyColumn : std::size_t { key_is_free_column = first_column + 1 };

/// The answer that is stored for a key. Throws 409 where another request had the key, 503 where its request is not
/// finished.
Reply replay(const Rows& stored);
/// Gives an answer to the parameters of store_answer.
void bind_answer(Parameters& parameters, const Reply& reply);

}  // namespace api
