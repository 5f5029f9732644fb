// The stages of a request, in order. Each stage can refuse the request; the later stages then do not run.
#include "serve/pipeline.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <ctime>

#include "base/crypto.hpp"
#include "base/settings.hpp"
#include "files/media.hpp"
#include "serve/idempotency.hpp"
#include "serve/render.hpp"
#include "serve/table.hpp"
#include "serve/verdict.hpp"
#include "sql/page_builder.hpp"

namespace api {

Pipeline::Pipeline(const CompiledEndpoint& endpoint, Request& request, Database& database, const PathParameters& path)
    : RequestContext(request, database), endpoint_(endpoint), operation_(endpoint.operation), path_(path) {}

Reply Pipeline::run() {
    if (!is_prepared_) prepare();
    in_transaction_ = false;  // an earlier attempt may have left it true
    return input_.idempotency_key ? work_with_key() : work();
}

void Pipeline::prepare() {
    // identify: throws 401 if the request has no token of ours, before anything is read
    const Identity identity = operation_.is_public ? Identity() : identify(request);
    // read: an error is kept until the caller's session (401) and permission (403) are checked
    input_ = read(request, endpoint_, path_);
    // bind
    bind_request(identity);
    if ((input_.fault || endpoint_.receive) && !operation_.is_public) caller();
    if (input_.fault) throw Problem(*input_.fault);
    if (endpoint_.receive) receive_file();  // only now, so that nothing is stored for a caller without the permission
    fields = std::move(input_.fields);
    bind_body();
    if (spec().prepare) spec().prepare(*this);
    is_prepared_ = true;
}

// -- bind: values get the names of schema/parameters.hpp; the part before the dot says where a value comes from

void Pipeline::bind_request(const Identity& identity) {
    if (!operation_.is_public) parameters["system.session_key"] = identity.session_key;
    parameters["system.ip"] = std::string(request.variable("REMOTE_ADDR"));
    parameters["system.user_agent"] = input_.user_agent;
    parameters["system.if_match"] = input_.if_match;
    for (const auto& [name, value] : input_.path) parameters["path." + name] = value;
    if (input_.idempotency_key) {
        parameters["system.idempotency_key"] = input_.idempotency_key;
        parameters["system.route"] = std::string(spec().route);
    }
}

void Pipeline::bind_body() {
    for (const Member& member : operation_.body) {
        if (member.is_secret || member.is_file) continue;
        const json::value* field = fields.if_contains(member.name);
        parameters["sent." + member.name] = field ? "true" : "false";
        parameters["body." + member.name] = !field || field->is_null() ? std::nullopt : std::optional(text_of(*field));
    }
}

void Pipeline::receive_file() {
    std::unique_ptr<Incoming> upload;
    const std::int64_t setting = settings().largest_upload;
    CheckedFields checked = endpoint_.receive(request, operation_.body, operation_.answer,
                                              spec().largest > 0 ? std::min(spec().largest, setting) : setting, upload);
    if (!checked.errors.empty()) throw invalid(std::move(checked.errors));
    const FileFacts& facts = upload->facts();
    parameters["system.file_sha256"] = facts.sha256;
    parameters["system.file_size"] = std::to_string(facts.size);
    parameters["system.file_type"] = facts.type;
    parameters["system.quota"] = std::to_string(settings().quota);
    input_.fields = std::move(checked.fields);
    files_.push_back(std::move(upload));
}

// -- execute: runs again if the request is repeated after a collision

Reply Pipeline::work() { return spec().run ? spec().run(*this) : answer(); }

Reply Pipeline::work_with_key() {
    // A digest of the meaning of the request, not of its bytes: a form that is sent again has another boundary, and one
    // route has several paths.
    parameters["system.digest"] = crypto::sha256_hex(path_with(operation_.route.path, input_.path) + '\n' +
                                                     std::string(request.query()) + '\n' + json::serialize(fields));
    // the key and the work are one transaction: if the handler dies in between, nothing is stored
    database.begin();
    in_transaction_ = true;
    const Rows taken = send(endpoint_.key_statement);
    refuse_caller(taken);
    if (!taken.is_true(0, key_is_free_column)) {
        const Rows stored = send(numbered(stored_answer, ParameterTypes(operation_)));
        database.rollback();
        Reply reply = replay(stored);
        reply.used_session_key = session_key_to_touch(taken);
        return reply;
    }
    Reply reply = work();
    bind_answer(parameters, reply);
    send(numbered(store_answer, ParameterTypes(operation_)));
    database.commit();
    return reply;
}

Rows Pipeline::execute() {
    // the lock is taken before the statement, so that the statement sees the changes of the previous request
    const bool needs_transaction = !endpoint_.lock_statement.text.empty() || !files_.empty();
    const bool opens_transaction = needs_transaction && !in_transaction_;
    if (opens_transaction) database.begin();
    if (!endpoint_.lock_statement.text.empty()) send(endpoint_.lock_statement);
    Rows rows;
    try {
        rows = send(sends_references() ? endpoint_.statement : endpoint_.statement_without_references);
    } catch (Problem& problem) {  // for a violated constraint, uses the sentence of the rule with the constraint's name
        const Rule* rule = problem.status == 409 ? operation_.find_rule(problem.code) : nullptr;
        if (rule && rule->name.empty()) problem.detail = rule->detail;
        throw;
    }
    refuse_caller(rows);
    for (const std::unique_ptr<Incoming>& file : files_) file->keep(database);
    if (opens_transaction) database.commit();
    return rows;
}

bool Pipeline::sends_references() const {
    return endpoint_.statement_without_references.text.empty() ||
           std::ranges::any_of(operation_.body, [&](const Member& member) {
               return member.is_sent_reference() && parameters.at("body." + member.name);
           });
}

Rows Pipeline::send(const Statement& statement) {
    // set once, so that all statements of a request, such as the parts of a CSV table, use the same value
    for (const std::string& name : statement.names) {
        if (name == "system.base_url") parameters.try_emplace(name, request.base_url());
        if (name == "system.media_expires")
            parameters.try_emplace(name, std::to_string(media::expires_at(std::time(nullptr))));
    }
    return database.query(statement, parameters);
}

Rows Pipeline::query(std::string_view sql) {
    const Queries& known = spec().queries;
    const auto* const found = std::ranges::find(known, sql);
    if (found == known.end())
        throw std::logic_error("the statement is not in the endpoint's .queries: " + std::string(sql));
    return send(endpoint_.queries[static_cast<std::size_t>(found - known.begin())]);
}

Caller Pipeline::caller() {
    const Rows rows = database.query(endpoint_.caller_statement, parameters);
    refuse_caller(rows);
    return {rows.integer(0, caller_column), rows(0, first_column) == "session"};
}

void Pipeline::refuse_caller(const Rows& rows) const {
    if (!rows.is_null(0, caller_column)) request.user = rows(0, caller_column);
    if (!rows.is_null(0, refusal_column)) refuse(operation_, rows(0, refusal_column));
}

// -- render

Reply Pipeline::answer() {
    if (operation_.is_page) return input_.wants_csv ? answer_table() : answer_page();
    const Rows rows = execute();
    Reply reply = render_row(operation_, request, input_, rows);
    reply.used_session_key = session_key_to_touch(rows);
    return reply;
}

Reply Pipeline::answer_page() {
    const PageRequest& page = *input_.page;
    for (const auto& [name, value] : page.values) parameters[name] = value;
    Rows rows;
    try {
        rows = send(page_statement(operation_, page.query));
    } catch (const BadValue&) {
        // the values of filters were checked, so a value that the database rejects comes from the cursor
        if (page.query.after_cursor)
            throw invalid({{"cursor", {"This cursor is not valid for this list. Start again without a cursor."}}});
        throw;
    }
    refuse_caller(rows);
    Reply reply = render_page(operation_, request, page, rows);
    reply.used_session_key = session_key_to_touch(rows);
    return reply;
}

Reply Pipeline::answer_table() {
    std::string used_session_key;
    bool has_begun = false;  // false until one of the places for tables is free
    auto spool = table::spooled(operation_, *input_.page, [&](const PageRequest& page) {
        if (!has_begun) database.begin_snapshot();
        has_begun = true;
        for (const auto& [name, value] : page.values) parameters[name] = value;
        Rows rows = send(page_statement(operation_, page.query));
        refuse_caller(rows);
        if (used_session_key.empty()) used_session_key = session_key_to_touch(rows);
        return rows;
    });
    database.rollback();
    Reply reply = render_table(operation_, std::move(spool));
    reply.used_session_key = std::move(used_session_key);
    return reply;
}

Reply Pipeline::reply_with(const json::object& value) const { return render_json(operation_, value); }

std::string Pipeline::session_key_to_touch(const Rows& rows) const {
    return rows.is_true(0, touch_column) ? *parameters.at("system.session_key") : std::string();
}

}  // namespace api
