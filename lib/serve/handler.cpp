// Routes requests, retries them, and turns every exception into a reply.
#include "serve/handler.hpp"

#include <charconv>
#include <chrono>
#include <random>
#include <thread>

#include "base/log.hpp"
#include "base/text.hpp"
#include "serve/check.hpp"
#include "serve/pipeline.hpp"

namespace api {

namespace {

Reply reply_of(const Problem& problem) {
    Reply reply;
    reply.status = problem.status;
    reply.headers = problem.headers;
    reply.headers.emplace_back("Cache-Control", "no-store");
    reply.content_type = "application/problem+json";
    reply.body = problem.body();
    return reply;
}

/// Waits before a request is repeated: at most 20, 80, 320 ms, at least half of that. The random part keeps two
/// requests that collided from colliding again.
void back_off(int attempt) {
    thread_local std::minstd_rand random{std::random_device{}()};
    int most = 20 << (2 * attempt);
    std::this_thread::sleep_for(std::chrono::milliseconds(std::uniform_int_distribution(most / 2, most)(random)));
}

/// Whether a request has waited too long for a worker, so that the client should try again. This limits the waiting
/// time of all requests that are served, even if requests are slow and the queue is long. A restart takes far less
/// time, and no machine stalls for so long.
bool waited_too_long(const Request& request) {
    // nginx's $msec: seconds since 1970, with milliseconds
    const std::string_view since = request.variable("REQUEST_SINCE");
    double seconds = 0;
    if (std::from_chars(since.data(), since.data() + since.size(), seconds).ec != std::errc()) return false;
    const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
    return now.count() - seconds > 10;
}

/// Throws if a header has a control character. This is a bug, because all values come from our own code.
void check_headers(const Reply& reply) {
    for (const auto& [name, value] : reply.headers)
        for (unsigned char c : value)
            if (c < 0x20 || c == 0x7f) throw std::runtime_error("control character in the header " + name);
}

}  // namespace

Handler::Handler(std::string name, std::vector<CompiledEndpoint> endpoints)
    : name_(std::move(name)), endpoints_(std::move(endpoints)) {
    for (const CompiledEndpoint& endpoint : endpoints_)
        for (const Route& route : endpoint.routes) literal_paths_.insert(route.path);
}

Reply Handler::answer(Request& request, Database& database) const {
    if (waited_too_long(request)) throw unavailable("Too many requests are waiting. Try again.", 2);
    const std::string_view path = request.path(), method = request.method();
    // only for direct connections to the socket: nginx has no route to this path, and always sends the client's address
    if (path == "/_check" && method == "GET" && request.variable("REMOTE_ADDR").empty()) {
        request.route = "/_check";
        return check_reply(*this, database);
    }
    const bool is_literal = literal_paths_.contains(path);
    PathParameters parameters;
    for (const CompiledEndpoint& endpoint : endpoints_)
        if (endpoint.serves(method == "HEAD" ? "GET" : method, path, is_literal, parameters)) {
            request.route = endpoint.operation.route.path;
            return answer_by(endpoint, request, database, parameters);
        }
    return answer_unserved(request, is_literal);
}

Reply Handler::answer_by(const CompiledEndpoint& endpoint, Request& request, Database& database,
                         const PathParameters& path) const {
    const bool is_read = !endpoint.operation.writes;
    Pipeline pipeline(endpoint, request, database, path);
    for (int attempt = 0;; ++attempt) {
        try {
            return pipeline.run();
        } catch (const Collision& collision) {
            database.rollback();
            if (attempt == 3) throw;
            log_line(name_, std::string("collision, trying again: ") + collision.what(), request.id());
            back_off(attempt);
        } catch (const ConnectionLost& lost) {
            database.rollback();
            if (!is_read || attempt > 0) throw;
            log_line(name_, std::string("connection lost, trying again: ") + lost.what(), request.id());
        }
    }
}

Reply Handler::answer_unserved(Request& request, bool is_literal) const {
    std::set<std::string_view> allowed;
    PathParameters parameters;
    for (const CompiledEndpoint& endpoint : endpoints_)
        for (const char* method : {"GET", "POST", "PUT", "PATCH", "DELETE"})
            if (endpoint.serves(method, request.path(), is_literal, parameters)) {
                request.route = endpoint.operation.route.path;
                allowed.insert(method);
            }
    if (allowed.empty()) throw Problem(refusals::not_found);
    if (allowed.contains("GET")) allowed.insert("HEAD");
    allowed.insert("OPTIONS");
    const std::string allow = join(allowed, ", ");
    if (request.method() == "OPTIONS") return {.status = 204, .headers = {{"Allow", allow}}};
    throw Problem(405, "method_not_allowed", "Allowed methods: " + allow + ".", {}, {{"Allow", allow}});
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
        log_line(name_, std::string("collision: ") + collision.what(), request.id());
        return reply_of(unavailable("Too many changes at the same time. Try again.", 1));
    } catch (const ConnectionLost& lost) {
        log_line(name_, std::string("database: ") + lost.what(), request.id());
        return reply_of(unavailable("The database is not available. Try again.", 1));
    } catch (const BadValue& bad) {
        database.rollback();
        log_line(name_, std::string("the database rejected a value that passed our checks: ") + bad.what(),
                 request.id());
        return reply_of(Problem(400, "invalid", "A value is not valid."));
    } catch (const std::bad_alloc&) {
        database.rollback();
        log_line(name_, "out of memory", request.id());
        return reply_of(unavailable("Out of memory. Try again.", 1));
    } catch (const std::exception& fault) {
        database.rollback();
        log_line(name_, std::string("fault: ") + fault.what(), request.id());
    }
    return reply_of(Problem(refusals::internal));
}

void Handler::after(const Reply& reply, std::string_view id, Database& database) const {
    if (reply.used_session_key.empty()) return;
    static const Statement statement = numbered(touch_session);
    try {
        database.query(statement, {{"system.session_key", reply.used_session_key}});
    } catch (const Collision&) {  // NOLINT(bugprone-empty-catch): another request is storing it
    } catch (const std::exception& fault) {
        log_line(name_, std::string("cannot store when the session was last used: ") + fault.what(), id);
    }
}

}  // namespace api
