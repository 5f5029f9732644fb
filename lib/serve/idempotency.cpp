// Idempotency-Key: a POST that is sent again does its work once, and gets its first answer again.
#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/crypto.hpp"
#include "serve/request_context.hpp"

namespace api {

void Exchange::read_idempotency_key() {
    if (request.method() != "POST") return;
    std::string_view key = request.variable("HTTP_IDEMPOTENCY_KEY");
    if (!key.data()) return;
    if (entry_.key_statement.text.empty()) throw Problem(refusals::no_keys);
    if (key.empty() || key.size() > 255 ||
        !std::all_of(key.begin(), key.end(), [](char c) { return c >= 0x21 && c <= 0x7e; }))
        throw Problem(refusals::invalid_key);
    has_key_ = true;
    parameters["idempotency_key"] = std::string(key);
    parameters["route"] = std::string(form().route);
}

Reply Exchange::once() {
    // of what is asked, not of the bytes: a form that is sent again has another boundary, and a route other paths
    parameters["digest"] = crypto::sha256_hex(in_place(forms::path_of(form().route)) + '\n' +
                                              std::string(request.query()) + '\n' + json::serialize(input.fields));
    // the key and the work are one transaction: whoever dies in between has done nothing
    database.begin();
    in_transaction_ = true;
    Rows taken = database.query(entry_.key_statement, parameters);
    refuse_caller(taken);
    if (taken(0, first_column + 1) != "t") {
        Rows stored = ask(numbered(stored_answer));
        database.rollback();
        if (stored.size() == 0 || stored.is_null(0, 1)) throw unavailable("The key is in use. Try again.", 1);
        if (stored(0, 0) != "t") throw Problem(refusals::key_reused);
        Reply reply;
        note_use(taken, reply);
        reply.status = std::stoi(std::string(stored(0, 1)));
        const json::value headers = json::parse(stored(0, 2));
        for (const json::value& header : headers.as_array())
            reply.headers.emplace_back(header.at(0).as_string(), header.at(1).as_string());
        reply.headers.emplace_back("Idempotency-Replayed", "true");
        reply.body = stored(0, 3);
        return reply;
    }
    Reply reply = work();
    json::array headers;
    for (const auto& [name, value] : reply.headers) headers.push_back(json::array{name, value});
    parameters["status"] = std::to_string(reply.status);
    parameters["headers"] = json::serialize(headers);
    parameters["answer"] = reply.body;
    ask(numbered(store_answer));
    database.commit();
    return reply;
}

}  // namespace api
