// Routing, retries and the last line of defence.
#include "serve/handler.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <random>
#include <thread>

#include "sql/statement_builder.hpp"

namespace api {

namespace {

using PathParameters = std::vector<std::pair<std::string, std::string>>;

/// Compares a path with a template, segment by segment; `{name}` takes any one segment.
bool matches(std::string_view pattern, std::string_view path, PathParameters& parameters) {
    while (!pattern.empty() && !path.empty()) {
        std::size_t end = std::min(pattern.find('/', 1), pattern.size()),
                    stop = std::min(path.find('/', 1), path.size());
        std::string_view expected = pattern.substr(1, end - 1), segment = path.substr(1, stop - 1);
        if (expected.starts_with("{")) {
            if (segment.empty()) return false;
            parameters.emplace_back(expected.substr(1, expected.size() - 2), segment);
        } else if (expected != segment) {
            return false;
        }
        pattern.remove_prefix(end), path.remove_prefix(stop);
    }
    return pattern.empty() && path.empty();
}

bool has_method(std::string_view route, std::string_view method) {
    std::string_view methods = route.substr(0, route.find('/'));
    while (!methods.empty()) {
        std::string_view one = methods.substr(0, methods.find(' '));
        if (one == method) return true;
        methods.remove_prefix(std::min(one.size() + 1, methods.size()));
    }
    return false;
}

/// Whether an endpoint serves this method on this path; then parameters are those of the path. A literal path is not
/// taken for a parameter of another route.
bool serves(const Entry& entry, std::string_view method, std::string_view path, bool literal,
            PathParameters& parameters) {
    auto fits = [&](std::string_view route) {
        parameters.clear();
        if (!has_method(route, method) || (literal && forms::path_of(route) != path)) return false;
        return matches(forms::path_of(route), path, parameters);
    };
    const Form& form = entry.operation.form;
    return fits(form.route) || std::any_of(form.also.begin(), form.also.end(), fits);
}

Reply reply_of(const Problem& problem) {
    Reply reply;
    reply.status = problem.status;
    reply.headers = problem.headers;
    reply.headers.emplace_back("Cache-Control", "no-store");
    reply.content_type = "application/problem+json";
    reply.body = problem.body();
    return reply;
}

/// Waits before a try is repeated: 20, 80, 320 ms, half of it by chance, so that two that collided do not collide
/// again.
void back_off(int attempt) {
    thread_local std::minstd_rand random{std::random_device{}()};
    int most = 20 << (2 * attempt);
    std::this_thread::sleep_for(std::chrono::milliseconds(std::uniform_int_distribution(most / 2, most)(random)));
}

/// Whether a request has waited so long for a worker that its client is better told to try again: what is served then
/// does not wait longer than that, however slow a request is and however many are queued. A restart is far quicker, and
/// no machine stalls that long.
bool waited_too_long(const Request& request) {
    // nginx's $msec: seconds since 1970, with milliseconds
    const std::string_view since = request.variable("REQUEST_SINCE");
    double seconds = 0;
    if (std::from_chars(since.data(), since.data() + since.size(), seconds).ec != std::errc()) return false;
    const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
    return now.count() - seconds > 10;
}

/// Throws where a control character would end a header: what stands in one is ours, and a fault of ours.
void check_headers(const Reply& reply) {
    for (const auto& [name, value] : reply.headers)
        for (unsigned char c : value)
            if (c < 0x20 || c == 0x7f) throw std::runtime_error("a control character in the header " + name);
}

}  // namespace

Handler::Handler(std::string name, std::vector<Operation> operations) : name_(std::move(name)) {
    for (Operation& operation : operations) {
        Entry entry{std::move(operation), {}, {}, {}};
        const Form& form = entry.operation.form;
        if (form.permissions[0] != anyone) entry.caller_statement = caller_statement(entry.operation);
        if (!entry.operation.is_page && (form.object || !form.sql.empty()) &&
            !(form.permissions[0] == anyone && form.sql.empty()))
            entry.statement = statement_of(entry.operation);
        if (Splice{entry.operation}.takes_key()) entry.key_statement = key_statement(entry.operation);
        literal_paths_.emplace(forms::path_of(form.route));
        for (std::string_view route : form.also) literal_paths_.emplace(forms::path_of(route));
        entries_.push_back(std::move(entry));
    }
}

Reply Handler::answer(Request& request, Database& database) const {
    if (waited_too_long(request)) throw unavailable("Too many requests are waiting. Try again.", 2);
    const std::string_view path = request.path(), method = request.method();
    // over the socket alone: nginx has no route to it, and tells the address of whom it speaks for
    if (path == "/_check" && method == "GET" && request.variable("REMOTE_ADDR").empty()) {
        request.route = "/_check";
        return checked(database);
    }
    const std::string_view wanted = method == "HEAD" ? "GET" : method;
    const bool literal = literal_paths_.contains(path);
    for (const Entry& entry : entries_) {
        PathParameters parameters;
        if (!serves(entry, wanted, path, literal, parameters)) continue;
        request.route = forms::path_of(entry.operation.form.route);
        Exchange exchange(entry, request, database);
        for (int attempt = 0;; ++attempt) {
            try {
                if (!exchange.is_checked) exchange.check(parameters);  // a body is there once
                return exchange.run();
            } catch (const Collision& collision) {
                database.rollback();
                if (attempt == 3) throw;
                log_line(name_, "collision, trying again: " + collision.why, request.id());
                back_off(attempt);
            } catch (const ConnectionLost& lost) {
                database.rollback();
                if (wanted != "GET" || attempt > 0) throw;
                log_line(name_, "connection lost, trying again: " + lost.why, request.id());
            }
        }
    }
    std::set<std::string> allowed;
    for (const Entry& entry : entries_)
        for (const char* one : {"GET", "POST", "PUT", "PATCH", "DELETE"}) {
            PathParameters parameters;
            if (!serves(entry, one, path, literal, parameters)) continue;
            request.route = forms::path_of(entry.operation.form.route);
            allowed.insert(one);
        }
    if (allowed.empty()) throw Problem(refusals::not_found);
    if (allowed.contains("GET")) allowed.insert("HEAD");
    allowed.insert("OPTIONS");
    std::string allow;
    for (const std::string& one : allowed) allow += (allow.empty() ? "" : ", ") + one;
    if (method == "OPTIONS") return {.status = 204, .headers = {{"Allow", allow}}};
    throw Problem(405, "method_not_allowed", "Allowed here: " + allow + ".", {}, {{"Allow", allow}});
}

Reply Handler::handle(Request& request, Database& database) const {
    try {
        Reply reply = answer(request, database);
        check_headers(reply);
        return reply;
    } catch (const Problem& problem) {
        database.rollback();
        return reply_of(problem);
    } catch (const Collision& collision) {
        log_line(name_, "collision: " + collision.why, request.id());
        return reply_of(unavailable("Too many changes at the same time. Try again.", 1));
    } catch (const ConnectionLost& lost) {
        log_line(name_, "database: " + lost.why, request.id());
        return reply_of(unavailable("The database is not available. Try again.", 1));
    } catch (const BadValue& bad) {
        database.rollback();
        log_line(name_, "a value passed our checks: " + bad.why, request.id());
        return reply_of(Problem(400, "invalid", "A value is not valid."));
    } catch (const std::bad_alloc&) {
        database.rollback();
        log_line(name_, "out of memory", request.id());
        return reply_of(unavailable("Out of memory. Try again.", 1));
    } catch (const std::exception& fault) {
        database.rollback();
        log_line(name_, std::string("fault: ") + fault.what(), request.id());
    } catch (const char* fault) {  // what the check of a form says; at run time of a .run's own SQL
        database.rollback();
        log_line(name_, std::string("fault: ") + fault, request.id());
    }
    return reply_of(Problem(refusals::internal));
}

void Handler::after(const Reply& reply, std::string_view id, Database& database) const {
    if (reply.used_key.empty()) return;
    static const Statement note = numbered(note_use);
    try {
        database.query(note, {{"key", reply.used_key}});
    } catch (const std::exception& fault) {
        log_line(name_, std::string("the use of a session was not noted: ") + fault.what(), id);
    } catch (const ConnectionLost& lost) {
        log_line(name_, "the use of a session was not noted: " + lost.why, id);
    } catch (const BadValue& bad) {
        log_line(name_, "the use of a session was not noted: " + bad.why, id);
    } catch (const Collision&) {  // somebody else notes it just now
    }
}

}  // namespace api
