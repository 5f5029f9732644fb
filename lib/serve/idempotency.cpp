// Reads idempotency keys, and stores and replays the answers that belong to them.
#include "serve/idempotency.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "sql/caller.hpp"
#include "sql/template.hpp"

namespace api {

Statement key_statement(const Operation& operation) {
    const CallerSql caller(operation);
    // after 24 hours a key can be used again
    return numbered(fill(R"(
with
{me},
taken as (
    insert into idempotency_keys (user_id, route, key, digest)
    select me.id, :system.route, :system.idempotency_key, :system.digest from me
     where {admitted}
        on conflict (user_id, route, key) do update
       set digest = excluded.digest, status = null, headers = null, body = null, created_at = now()
     where idempotency_keys.created_at <= now() - interval '24 hours'
    returning user_id
)
select case {denials} end as refusal,
       me.should_touch as touch, me.id as caller, me.kind, taken.user_id is not null as is_free
  from (values (true)) as one left join me on true left join taken on true)",
                         {{"me", caller.part()}, {"admitted", caller.admitted()}, {"denials", caller.denials()}}),
                    ParameterTypes(operation));
}

std::optional<std::string> read_idempotency_key(const Request& request, const Operation& operation) {
    if (request.method() != "POST") return std::nullopt;
    const std::string_view key = request.variable("HTTP_IDEMPOTENCY_KEY");
    if (!key.data()) return std::nullopt;
    if (!operation.takes_key()) throw Problem(refusals::no_keys);
    if (key.empty() || key.size() > 255 || !std::ranges::all_of(key, [](char c) { return c >= 0x21 && c <= 0x7e; }))
        throw Problem(refusals::invalid_key);
    return std::string(key);
}

Reply replay(const Rows& stored) {
    if (stored.size() == 0 || stored.is_null(0, 1))
        throw unavailable("A request with this Idempotency-Key is still running. Try again.", 1);
    if (!stored.is_true(0, 0)) throw Problem(refusals::key_reused);
    Reply reply;
    reply.status = static_cast<int>(stored.integer(0, 1));
    const json::value headers = json::parse(stored(0, 2));
    for (const json::value& header : headers.as_array())
        reply.headers.emplace_back(header.at(0).as_string(), header.at(1).as_string());
    reply.headers.emplace_back("Idempotency-Replayed", "true");
    reply.body = stored(0, 3);
    return reply;
}

void bind_answer(Parameters& parameters, const Reply& reply) {
    json::array headers;
    for (const auto& [name, value] : reply.headers) headers.push_back(json::array{name, value});
    parameters["system.status"] = std::to_string(reply.status);
    parameters["system.headers"] = json::serialize(headers);
    parameters["system.answer"] = reply.body;
}

}  // namespace api
