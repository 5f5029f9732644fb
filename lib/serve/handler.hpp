// A handler: the endpoints of one binary. Routes a request to one of them and turns whatever happens into a reply.
#pragma once
#include <set>

#include "serve/request_context.hpp"
#include "base/log.hpp"

namespace api {

/// The endpoints of one path family.
class Handler {
public:
    Handler(std::string name, std::vector<Operation> operations);

    /// Answers a request; never throws. Faults of ours are logged and answered with a bare 500.
    Reply handle(Request& request, Database& database) const;
    /// What is done when the reply to the request of this id has left: notes the last use of the session, at most once
    /// a minute.
    void after(const Reply& reply, std::string_view id, Database& database) const;

    /// --describe: routes, permissions, schemas and statements as JSON.
    std::string describe() const;
    /// What does not fit, one line each: every statement is planned on the real schema, as the role of the connection,
    /// and the keys are read. Nothing is changed, but for keys that are not there yet.
    std::vector<std::string> check(Database& database) const;
    /// False where no endpoint ever asks the database.
    bool uses_database() const;

    const std::string& name() const { return name_; }
    const std::vector<Entry>& entries() const { return entries_; }

private:
    using PathParameters = std::vector<std::pair<std::string, std::string>>;
    Reply answer(Request& request, Database& database) const;
    Reply checked(Database& database) const;
    std::vector<Statement> statements(const Entry& entry) const;
    json::object describe(const Entry& entry) const;

    std::string name_;
    std::vector<Entry> entries_;
    std::set<std::string, std::less<>> literal_paths_;  ///< those without a parameter win over those with one
};

}  // namespace api
