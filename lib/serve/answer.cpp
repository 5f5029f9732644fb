// Calls the handler, sends its reply, and measures, counts and logs the request.
#include "serve/answer.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string_view>

#include "base/log.hpp"
#include "base/settings.hpp"
#include "base/text.hpp"

namespace api {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

/// The method as the client sent it, if it is 1 to 20 letters; else `-`.
std::string_view plain_method(std::string_view method) {
    const bool is_plain = !method.empty() && method.size() <= 20 && std::ranges::all_of(method, is_letter);
    return is_plain ? method : "-";
}

/// Milliseconds with one decimal place.
std::string milliseconds(nanoseconds time) {
    char digits[32];
    const double value = static_cast<double>(time.count()) / 1e6;
    return {digits, std::to_chars(digits, digits + sizeof digits, value, std::chars_format::fixed, 1).ptr};
}

/// The log line of a request.
std::string request_line(std::string_view method, const Request& request, const Reply& reply, nanoseconds took,
                         nanoseconds in_database, const std::string& id) {
    std::string line = "request method=";
    line.append(plain_method(method)).append(" route=").append(request.route);
    line.append(" status=").append(std::to_string(reply.status)).append(" ms=").append(milliseconds(took));
    line.append(" db_ms=").append(milliseconds(in_database));
    line.append(" bytes=").append(std::to_string(body_size(reply, method == "HEAD")));
    if (!id.empty()) line.append(" id=").append(id);
    if (!request.user.empty()) line.append(" user=").append(request.user);
    return line;
}

}  // namespace

void answer(const Handler& handler, Counters& counters, Request& request, Database& database, const std::string& id,
            const Send& send) {
    const Clock::time_point began = Clock::now();
    const Spent before = database.spent();
    const Counters::InFlight in_flight(counters);
    const std::string method(request.method());  // a copy: sending the reply frees the request
    Reply reply = handler.handle(request, database);
    send(reply, method == "HEAD");
    const nanoseconds took = Clock::now() - began, in_database(database.spent().nanoseconds - before.nanoseconds);
    counters.count(method, request.route, reply.status, took);
    if (settings().logs_requests) log_line(handler.name(), request_line(method, request, reply, took, in_database, id));
    handler.after(reply, id, database);
    const Spent& after = database.spent();
    counters.add(Total::database_nanoseconds, after.nanoseconds - before.nanoseconds);
    counters.add(Total::database_statements, after.statements - before.statements);
    counters.add(Total::connections_lost, after.connections_lost - before.connections_lost);
    counters.add(Total::lines_lost, take_lost_lines());
}

}  // namespace api
