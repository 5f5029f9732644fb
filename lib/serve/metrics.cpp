// Writes the metric families one after the other, as the format requires: HELP, TYPE, then the series of all handlers.
#include "serve/metrics.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <numeric>
#include <tuple>

#include "base/text.hpp"
#include "serve/counted.hpp"

namespace api::metrics {

namespace {

/// The most folders that are read. Fettle has about thirty handlers.
constexpr std::size_t most_handlers = 1000;

/// The counts of all handlers, by the handler's name.
using All = std::map<std::string, Counted>;

/// Whether this can be the name of a handler. Such a name needs no escapes in a label.
bool is_handler(const std::string& name) {
    return !name.empty() && name.size() <= 100 &&
           std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || is_digit(c) || c == '_'; });
}

All read_all(const std::string& folder) {
    All all;
    std::error_code error;
    // uses error codes instead of exceptions, because a folder may be removed while it is read
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        if (!is_handler(name) || all.size() >= most_handlers) continue;
        if (auto counted = read_counters(folder, name)) all.emplace(name, std::move(*counted));
    }
    return all;
}

/// Nanoseconds as seconds, with the fewest digits that give the same double.
std::string seconds(std::uint64_t nanoseconds) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<double>(nanoseconds) / 1e9);
    return {digits, end.ptr};
}

/// Builds the text of all metrics.
class Text {
public:
    void family(const char* name, const char* type, const char* help) {
        name_ = std::string("fettle_") + name;
        out_ += "# HELP " + name_ + ' ' + help + "\n# TYPE " + name_ + ' ' + type + '\n';
    }
    void sample(const std::string& labels, const std::string& value, const char* end = "") {
        out_ += name_ + end + '{' + labels + "} " + value + '\n';
    }
    std::string take() { return std::move(out_); }

private:
    std::string name_, out_;
};

/// Writes a family with one series for each handler.
template <class Value>
void of_handlers(Text& text, const All& all, const char* name, const char* type, const char* help, Value value) {
    text.family(name, type, help);
    for (const auto& [handler, counted] : all) text.sample("handler=\"" + handler + '"', value(counted));
}

using Endpoint = std::tuple<std::string, std::string, std::string>;  ///< handler, method, route

std::string labels(const Endpoint& endpoint) {
    const auto& [handler, method, route] = endpoint;
    return "handler=\"" + handler + "\",method=\"" + method + "\",route=\"" + route + '"';
}

/// Writes the histogram of the request durations of one endpoint.
void write_durations(Text& text, const Endpoint& endpoint, const Counted::Requests& requests) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < requests.durations.size(); ++i) {
        number += requests.durations[i];
        const std::string bound = i < duration_bounds.size() ? seconds(duration_bounds[i]) : "+Inf";
        text.sample(labels(endpoint) + ",le=\"" + bound + '"', std::to_string(number), "_bucket");
    }
    text.sample(labels(endpoint), seconds(requests.nanoseconds), "_sum");
    text.sample(labels(endpoint), std::to_string(number), "_count");
}

/// Writes the families about requests: their number by status, and their duration.
void write_requests(Text& text, const All& all) {
    std::map<Endpoint, Counted::Requests> endpoints;
    std::map<std::pair<Endpoint, std::string>, std::uint64_t> answers;
    for (const auto& [handler, counted] : all)
        for (const Counted::Requests& one : counted.requests) {
            const std::uint64_t number = std::accumulate(one.durations.begin(), one.durations.end(), std::uint64_t{0});
            if (number == 0) continue;
            const Endpoint endpoint{handler, one.method, one.route};
            answers[{endpoint, one.status}] += number;
            Counted::Requests& sum = endpoints.try_emplace(endpoint, Counted::Requests{}).first->second;
            sum.nanoseconds += one.nanoseconds;
            for (std::size_t i = 0; i < sum.durations.size(); ++i) sum.durations[i] += one.durations[i];
        }
    text.family("http_requests_total", "counter", "Requests answered.");
    for (const auto& [key, number] : answers)
        text.sample(labels(key.first) + ",status=\"" + key.second + '"', std::to_string(number));
    text.family("http_request_duration_seconds", "histogram",
                "Time from the arrival of a request at the handler until its response was sent.");
    for (const auto& [endpoint, requests] : endpoints) write_durations(text, endpoint, requests);
}

}  // namespace

std::string text(const std::string& folder) {
    const All all = read_all(folder);
    Text text;
    write_requests(text, all);
    of_handlers(text, all, "http_requests_in_flight", "gauge", "Requests being answered now.",
                [](const Counted& counted) { return std::to_string(counted.in_flight); });
    auto total = [](Total which) {
        return
            [which](const Counted& counted) { return std::to_string(counted.totals[static_cast<std::size_t>(which)]); };
    };
    of_handlers(text, all, "database_seconds_total", "counter",
                "Time spent in database calls, including waiting for the database.", [](const Counted& counted) {
                    return seconds(counted.totals[static_cast<std::size_t>(Total::database_nanoseconds)]);
                });
    of_handlers(text, all, "database_statements_total", "counter", "Statements sent to the database.",
                total(Total::database_statements));
    of_handlers(text, all, "database_connections_lost_total", "counter",
                "Database connections that were lost or could not be opened.", total(Total::connections_lost));
    of_handlers(text, all, "log_lines_lost_total", "counter", "Log lines dropped because the log could not take them.",
                total(Total::lines_lost));
    of_handlers(text, all, "process_starts_total", "counter",
                "Starts of the handler, including those after an idle exit.", total(Total::starts));
    of_handlers(text, all, "processes", "gauge", "Running processes of the handler; 0 after an idle exit.",
                [](const Counted& counted) { return std::to_string(counted.started.size()); });
    text.family("process_start_time_seconds", "gauge",
                "Start time of the handler's newest process, in seconds since 1970.");
    for (const auto& [handler, counted] : all)
        if (!counted.started.empty())
            text.sample("handler=\"" + handler + '"', seconds(*std::ranges::max_element(counted.started) * 1'000'000));
    return text.take();
}

}  // namespace api::metrics
