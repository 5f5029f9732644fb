// Plans every statement on the database and reads the keys.
#include "serve/check.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "base/keys.hpp"

namespace api {

namespace {

/// Adds the errors of statements that were not checked yet. Many endpoints share statements, such as that of the
/// caller.
void check_statements(const CompiledEndpoint& endpoint, Database& database, std::set<std::string>& seen,
                      std::vector<std::string>& faults) {
    for (const Statement& statement : endpoint.all_statements()) {
        if (!seen.insert(statement.text).second) continue;
        const std::string fault = database.check(statement);
        std::string line = std::string(endpoint.operation.spec.route) + ": " + fault;
        if (!fault.empty() && std::ranges::find(faults, line) == faults.end()) faults.push_back(std::move(line));
    }
}

}  // namespace

bool uses_database(const Handler& handler) {
    return std::ranges::any_of(handler.endpoints(),
                               [](const CompiledEndpoint& endpoint) { return !endpoint.all_statements().empty(); });
}

std::vector<std::string> check(const Handler& handler, Database& database) {
    std::vector<std::string> faults;
    try {
        keys();
    } catch (const std::exception& fault) {
        faults.emplace_back(fault.what());
    }
    if (!uses_database(handler)) return faults;
    std::set<std::string> seen;
    try {
        // also if there is no statement to plan: checks that the role can connect
        database.query(numbered("select 1"), {});
        for (const CompiledEndpoint& endpoint : handler.endpoints()) check_statements(endpoint, database, seen, faults);
    } catch (const ConnectionLost& lost) {
        faults.push_back(std::string("the database does not answer: ") + lost.what());
    } catch (const std::exception& fault) {  // such as a held lock: all further statements would wait, too
        faults.push_back(std::string("the database: ") + fault.what());
    }
    return faults;
}

Reply check_reply(const Handler& handler, Database& database) {
    const std::vector<std::string> faults = check(handler, database);
    Reply reply;
    reply.status = faults.empty() ? 200 : 503;
    reply.headers = {{"Cache-Control", "no-store"}};
    reply.body = json::serialize(json::object{{"handler", handler.name()},
                                              {"pid", getpid()},
                                              {"database", uses_database(handler)},
                                              {"faults", json::array(faults.begin(), faults.end())}});
    return reply;
}

}  // namespace api
