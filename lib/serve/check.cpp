// Whether a handler fits the machine that it is on: the same for --check and for GET /_check.
#include <unistd.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "serve/handler.hpp"
#include "base/keys.hpp"

namespace api {

bool Handler::uses_database() const {
    return std::any_of(entries_.begin(), entries_.end(),
                       [this](const Entry& entry) { return !statements(entry).empty(); });
}

std::vector<std::string> Handler::check(Database& database) const {
    std::vector<std::string> faults;
    try {
        keys();
    } catch (const std::exception& fault) {
        faults.emplace_back(fault.what());
    }
    if (!uses_database()) return faults;
    std::set<std::string> seen{};  // who is asking, all endpoints ask alike
    try {
        database.query(numbered("select 1"), {});  // also where nothing is prepared: the role may connect
        for (const Entry& entry : entries_)
            for (const Statement& statement : statements(entry))
                if (seen.insert(statement.text).second)
                    if (const std::string fault = database.check(statement); !fault.empty())
                        if (std::string line = std::string(entry.operation.form.route) + ": " + fault;
                            std::find(faults.begin(), faults.end(), line) == faults.end())
                            faults.push_back(std::move(line));
    } catch (const ConnectionLost& lost) {
        faults.push_back("the database does not answer: " + lost.why);
    } catch (const std::exception& fault) {  // a lock that others hold: the next statement would wait as long
        faults.push_back(std::string("the database: ") + fault.what());
    }
    return faults;
}

Reply Handler::checked(Database& database) const {
    const std::vector<std::string> faults = check(database);
    Reply reply;
    reply.status = faults.empty() ? 200 : 503;
    reply.headers = {{"Cache-Control", "no-store"}};
    reply.body = json::serialize(json::object{{"handler", name_},
                                              {"pid", getpid()},
                                              {"database", uses_database()},
                                              {"faults", json::array(faults.begin(), faults.end())}});
    return reply;
}

}  // namespace api
