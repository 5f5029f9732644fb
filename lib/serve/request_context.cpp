// The order of refusals, the statement's verdict, and the answer with its validators.
#include "serve/request_context.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <ctime>

#include "base/crypto.hpp"
#include "http/csv.hpp"
#include "auth/jwt.hpp"
#include "files/media.hpp"
#include "http/negotiation.hpp"
#include "sql/page.hpp"
#include "base/settings.hpp"
#include "base/unicode.hpp"

namespace api {

namespace {

/// A token is 32 to 100 characters of base64url, perhaps behind a prefix of ours; other texts never reach the database.
bool is_token(std::string_view token) {
    return token.size() >= 32 && token.size() <= 100 && std::all_of(token.begin(), token.end(), [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
           });
}

}  // namespace

int success_of(const Operation& operation, std::string_view method) {
    const Form& form = operation.form;
    if (form.status) return form.status;
    if (operation.out.empty()) return 204;
    const bool names_a_row = form.object && forms::has_parameter(forms::path_of(form.route), form.object->name, "_id");
    return method == "POST" && !names_a_row ? 201 : 200;
}

std::string_view types_of(const Operation& operation) {
    return csv::is_offered(operation) ? "application/json or text/csv" : "application/json";
}

Exchange::Exchange(const Entry& entry, Request& request, Database& database)
    : request(request), database(database), entry_(entry) {}

void Exchange::authenticate() {
    if (form().permissions[0] == anyone) return;
    std::string_view header = request.variable("HTTP_AUTHORIZATION");
    std::size_t blank = std::min(header.find(' '), header.size());
    const std::string scheme = unicode::lower(header.substr(0, blank));
    std::string_view token = header.substr(std::min(blank + 1, header.size()));
    if (scheme == "bearer")
        parameters["key"] = jwt::session_key_of(token);
    else if (scheme == "token" && is_token(token))
        parameters["key"] = crypto::token_key(token);
    else
        throw unauthenticated("not_authenticated");
}

void Exchange::check_accept() {
    const bool has_csv = csv::is_offered(entry_.operation);
    std::string_view accept = request.variable("HTTP_ACCEPT");
    if (accept.empty() || form().sends_file) return;
    const double json =
                     std::max(quality_of(accept, "application/json"), quality_of(accept, "application/problem+json")),
                 csv = has_csv ? quality_of(accept, "text/csv") : 0;
    if (json <= 0 && csv <= 0) throw Problem(refusals::not_acceptable, types_of(entry_.operation));
    wants_csv_ = csv > json;
}

void Exchange::read_if_match() {
    std::string_view header = request.variable("HTTP_IF_MATCH");
    parameters["if_match"] = header.empty() ? std::nullopt : versions_of(header);
}

void Exchange::check(const std::vector<std::pair<std::string, std::string>>& path_parameters) {
    const Operation& operation = entry_.operation;
    authenticate();
    parameters["ip"] = std::string(request.variable("REMOTE_ADDR"));
    std::optional<Problem> bad;
    try {
        check_accept();
        read_if_match();
        read_idempotency_key();
        std::string agent(request.variable("HTTP_USER_AGENT").substr(0, 256));
        agent.erase(std::remove_if(agent.begin(), agent.end(), [](char c) { return c < 0x20 || c > 0x7e; }),
                    agent.end());
        parameters["user_agent"] = std::move(agent);
        if (!operation.receive) read_fields();
    } catch (const Problem& problem) {
        bad = problem;
    }
    for (const auto& [name, value] : path_parameters) {
        if (!name.ends_with("_id")) {
            parameters[name] = value;
            continue;
        }
        json::value number(value);
        // what is no id names nothing
        if (!bad && !types::check_integer(number, Source::text, 1, INT64_MAX).empty())
            bad = Problem(refusals::not_found);
        // one spelling for one id: 013 is 13
        parameters[name] = number.is_int64() ? std::to_string(number.get_int64()) : value;
    }
    // nobody stores a byte who may not
    if ((bad || operation.receive) && form().permissions[0] != anyone) caller();
    if (bad) throw *bad;
    if (operation.receive) receive();
    json::object body = input.fields;
    for (const Member& member : operation.in) {
        if (member.is_secret || member.is_file) {
            body.erase(member.name);
            continue;
        }
        const json::value* field = input.fields.if_contains(member.name);
        std::optional<std::string>& parameter = parameters[member.name];
        if (!field || field->is_null())
            parameter = std::nullopt;
        else
            parameter = field->is_string() ? std::string(field->get_string()) : json::serialize(*field);
    }
    parameters["body"] = json::serialize(body);
    if (form().prepare) form().prepare(*this);
    is_checked = true;
}

void Exchange::read_fields() {
    const Operation& operation = entry_.operation;
    input = read_input(request, operation.in, operation.out);
    if (!operation.is_page && !form().sends_file)
        for (const auto& [name, value] : decode_query(request.query()))
            input.errors[name].push_back("Unknown query parameter.");
    if (!input.errors.empty()) throw invalid(input.errors);
}

void Exchange::receive() {
    const Operation& operation = entry_.operation;
    std::unique_ptr<Incoming> upload;
    const std::int64_t setting = settings().largest_upload;
    input = operation.receive(request, operation.in, operation.out,
                              form().largest > 0 ? std::min(form().largest, setting) : setting, upload);
    if (!input.errors.empty()) throw invalid(input.errors);
    const FileFacts& facts = upload->facts();
    parameters["file_sha256"] = facts.sha256;
    parameters["file_size"] = std::to_string(facts.size);
    parameters["file_type"] = facts.type;
    parameters["quota"] = std::to_string(settings().quota);
    files.push_back(std::move(upload));
}

Reply Exchange::work() { return form().run ? form().run(*this) : answer(); }

Reply Exchange::run() {
    in_transaction_ = false;  // a try before this one may have left it
    return has_key_ ? once() : work();
}

const Rule* Exchange::rule_of(std::string_view code) const {
    for (const Rule& rule : form().rules)
        if (rule.code == code) return &rule;
    return nullptr;
}

Rows Exchange::ask(const Statement& statement) {
    for (const std::string& name : statement.names) {
        if (name == "base_url") parameters.try_emplace(name, request.base_url());
        // once for all statements of a request: the parts of a long list are as one
        if (name == "media_expires")
            parameters.try_emplace(name, std::to_string(media::expires_at(std::time(nullptr))));
    }
    return database.query(statement, parameters);
}

/// The form's statement; where a constraint refuses it, in the words of the rule of that name.
Rows Exchange::decide(const Statement& statement) {
    try {
        return ask(statement);
    } catch (Problem& problem) {
        const Rule* rule = problem.status == 409 ? rule_of(problem.code) : nullptr;
        if (rule && rule->names.empty()) problem.detail = rule->detail;
        throw;
    }
}

Rows Exchange::query(std::string_view sql) {
    const Queries& known = form().queries;
    if (std::find(known.begin(), known.end(), sql) == known.end())
        throw std::logic_error("a statement that is not in the form's .queries: " + std::string(sql));
    return ask(numbered(sql));
}

Caller Exchange::caller() {
    Rows rows = database.query(entry_.caller_statement, parameters);
    refuse_caller(rows);
    return {std::stoll(std::string(rows(0, caller_column))), rows(0, first_column) == "session"};
}

void Exchange::refuse_caller(const Rows& rows) const {
    if (!rows.is_null(0, caller_column)) request.user = rows(0, caller_column);
    if (!rows.is_null(0, refusal_column)) refuse(rows(0, refusal_column));
}

void Exchange::refuse(std::string_view refusal) const {
    // what the statement adds behind a colon: the fields at fault, or a name for the sentence
    const std::string code(refusal.substr(0, refusal.find(':')));
    const std::string more(refusal.substr(std::min(code.size() + 1, refusal.size())));
    if (code == "permission_missing") throw Problem(refusals::permission_missing, form().permissions[0]);
    if (code == "session_required") throw Problem(refusals::session_required);
    if (code == "not_found") {
        for (const Rule& rule : form().rules)
            if (rule.status == 404 && rule.when.empty()) throw Problem(refusal_of(rule));
        throw Problem(refusals::not_found);
    }
    if (code == "stale") throw Problem(refusals::stale);
    if (code == "no_such" || code == "faults") {
        Errors errors;
        for (std::string_view rest = more; !rest.empty();) {
            std::string name(rest.substr(0, rest.find(',')));
            rest.remove_prefix(std::min(name.size() + 1, rest.size()));
            if (code == "no_such")
                errors[name] = {"There is no such object."};
            else if (const Rule* rule = rule_of(name))
                errors[std::string(rule->field)].emplace_back(rule->detail);
            else
                throw std::logic_error("no rule has the code " + name);
        }
        throw invalid(std::move(errors));
    }
    if (const Rule* rule = rule_of(code)) throw Problem(refusal_of(*rule), more);
    throw unauthenticated(code);
}

Reply Exchange::answer() {
    if (entry_.operation.is_page) return page();
    // the lock before the statement, which then sees what the one before it did; and none for who is nobody
    const std::string_view lock = form().one_at_a_time ? one_at_a_time : form().lock;
    const bool is_one_of_many = !lock.empty() || !files.empty(), begins = is_one_of_many && !in_transaction_;
    if (begins) database.begin();
    if (!lock.empty()) ask(numbered(lock));
    Rows rows = decide(entry_.statement);
    refuse_caller(rows);
    for (const std::unique_ptr<Incoming>& file : files) file->keep(database);
    if (begins) database.commit();
    return one(rows);
}

Reply Exchange::reply_of(const json::object& value) const {
    Reply reply;
    if (form().status) reply.status = form().status;
    if (form().no_store) reply.headers.emplace_back("Cache-Control", "no-store");
    reply.body = json::serialize(value);
    return reply;
}

void Exchange::note_use(const Rows& rows, Reply& reply) const {
    if (!rows.is_null(0, touch_column) && rows(0, touch_column) == "t") reply.used_key = *parameters.at("key");
}

Reply Exchange::one(const Rows& rows) const {
    const Operation& operation = entry_.operation;
    const std::string_view method = request.method();
    Reply reply;
    note_use(rows, reply);
    if (operation.out.empty()) {
        reply.status = success_of(operation, method);
        if (form().no_store) reply.headers.emplace_back("Cache-Control", "no-store");
        return reply;
    }
    if (wants_csv_) {
        std::vector<std::string_view> columns;
        for (std::size_t i = 0; i < operation.out.size(); ++i) columns.push_back(rows(0, first_column + i));
        reply.body = csv::lists(operation.out, columns);
        set_csv_headers(reply);
        return reply;
    }
    std::size_t column = first_column;
    write_object(reply.body, operation.out, rows, 0, column);
    reply.status = success_of(operation, method);
    auto value_of = [&](const Member* member) {
        return std::string(rows(0, first_column + (member - &operation.out[0])));
    };
    if (const Member* id = find_member(operation.out, "id"); id && reply.status == 201 && form().object)
        reply.headers.emplace_back("Location", request.base_url() + in_place(form().object->path) + "/" + value_of(id));
    if (form().no_store) {
        reply.headers.emplace_back("Cache-Control", "no-store");
        return reply;
    }
    reply.headers.emplace_back("Cache-Control", "private, no-cache");
    reply.headers.emplace_back("Vary", "Accept, Authorization");
    if (const Member* version = find_member(operation.out, "version")) {
        std::string etag = '"' + value_of(version) + '-' + crypto::sha256_hex(reply.body, 4) + '"';
        if ((method == "GET" || method == "HEAD") && names_tag(request.variable("HTTP_IF_NONE_MATCH"), etag))
            reply.status = 304;
        reply.headers.emplace_back("ETag", std::move(etag));
    }
    return reply;
}

std::string Exchange::in_place(std::string_view path) const {
    std::string text(path);
    for (std::size_t open; (open = text.find('{')) != text.npos;) {
        const std::size_t close = text.find('}', open);
        text.replace(open, close - open + 1, *parameters.find(text.substr(open + 1, close - open - 1))->second);
    }
    return text;
}

void Exchange::set_list_headers(Reply& reply) const {
    reply.headers.emplace_back("Cache-Control", form().no_store ? "no-store" : "private, no-cache");
    reply.headers.emplace_back("Vary", "Accept, Authorization");
}

Reply Exchange::page() {
    const Operation& operation = entry_.operation;
    PageRequest page;
    try {
        page = read_page(request.query(), operation, parameters, wants_csv_);
    } catch (const Problem&) {
        caller();
        throw;
    }
    if (wants_csv_) return whole_list(page);
    Rows rows;
    try {
        rows = ask(page_statement(operation, page.query));
    } catch (const BadValue&) {
        // filters are checked by type; what the database still refuses came out of the cursor
        if (page.query.after_cursor) throw invalid({{"cursor", {"This cursor does not belong to this list."}}});
        throw;
    }
    refuse_caller(rows);
    Reply reply;
    note_use(rows, reply);
    reply.body = write_page(page, operation, rows, request.base_url() + std::string(request.path()));
    set_list_headers(reply);
    return reply;
}

}  // namespace api
