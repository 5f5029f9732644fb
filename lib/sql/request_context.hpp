// The interface for an endpoint's own code: the request, its checked fields, and the database.
#pragma once
#include <memory>

#include "http/message.hpp"
#include "schema/fields.hpp"
#include "sql/database.hpp"

namespace api {

class Incoming;  // defined in a higher layer, files/storage.hpp: only its name is needed here

/// The caller of a request.
struct Caller {
    std::int64_t id;
    bool has_session;  ///< false for a personal access token
};

/// One request, read and checked. It is an interface, so that the layers below the pipeline can use it. Its functions
/// throw Problem and DatabaseError.
class RequestContext {
public:
    RequestContext(Request& request, Database& database) : request(request), database(database) {}
    virtual ~RequestContext() = default;
    RequestContext(const RequestContext&) = delete;
    RequestContext& operator=(const RequestContext&) = delete;

    /// Runs the endpoint's own statement and renders its answer.
    virtual Reply answer() = 0;
    /// Sends another statement, one of the endpoint's .queries. Its rows have no refusal, so the statement itself must
    /// join its rows with the caller. Throws std::logic_error for a statement that is not in .queries: such a statement
    /// is not checked against the schema, and the handler's role has no grants for it.
    virtual Rows query(std::string_view sql) = 0;
    /// The caller, found by the caller's statement. Throws 401 and 403.
    virtual Caller caller() = 0;
    /// The files that are kept in the statement's transaction: the uploaded file, unless `.prepare` replaces it.
    virtual std::vector<std::unique_ptr<Incoming>>& files() = 0;

    /// Sets a parameter of the endpoint's .extra_params.
    void bind(std::string_view name, std::optional<std::string> value) {
        parameters["extra." + std::string(name)] = std::move(value);
    }
    /// A parameter of the path, or null if the path has no parameter with this name.
    const std::string* path_parameter(std::string_view name) const {
        const auto found = parameters.find("path." + std::string(name));
        return found == parameters.end() ? nullptr : &*found->second;
    }
    /// The body as its struct.
    template <class T>
    T body() const {
        return load<T>(fields);
    }
    /// A reply with a described struct, for endpoints without a statement that answers.
    template <class T>
    Reply reply(const T& value) const {
        return reply_with(dump(value));
    }

    Request& request;
    Database& database;
    json::object fields;    ///< the checked fields of the body
    Parameters parameters;  ///< the parameters of all statements, with the names of schema/parameters.hpp

private:
    virtual Reply reply_with(const json::object& value) const = 0;
};

}  // namespace api
