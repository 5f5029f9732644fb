// What an endpoint's own code works with: the request, what was read of it, and the database.
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
    bool has_session;  ///< and no personal access token
};

/// One request, read and checked. It is an interface, so that the layers below the pipeline can work with it. Its
/// errors are Problems and DatabaseErrors.
class RequestContext {
public:
    RequestContext(Request& request, Database& database) : request(request), database(database) {}
    virtual ~RequestContext() = default;
    RequestContext(const RequestContext&) = delete;
    RequestContext& operator=(const RequestContext&) = delete;

    /// Runs the endpoint's own statement and renders its answer.
    virtual Reply answer() = 0;
    /// Sends another statement, one of the endpoint's .queries. Its rows have no refusal: it joins what it works on
    /// with the caller. Throws std::logic_error for a statement that is not in .queries: it would not be checked
    /// against the schema, and the handler's role would have no grants for it.
    virtual Rows query(std::string_view sql) = 0;
    /// The caller, by the caller's part of the statement. Throws 401 and 403.
    virtual Caller caller() = 0;
    /// The files kept in the statement's transaction: the uploaded file, unless `.prepare` replaces it.
    virtual std::vector<std::unique_ptr<Incoming>>& files() = 0;

    /// Gives a value to a parameter of the endpoint's .extra_params.
    void bind(std::string_view name, std::optional<std::string> value) {
        parameters["extra." + std::string(name)] = std::move(value);
    }
    /// A parameter of the path, or null where the path has none of this name.
    const std::string* path_parameter(std::string_view name) const {
        const auto found = parameters.find("path." + std::string(name));
        return found == parameters.end() ? nullptr : &*found->second;
    }
    /// The body as its struct.
    template <class T>
    T body() const {
        return load<T>(fields);
    }
    /// A reply made of a described struct, where no statement answers.
    template <class T>
    Reply reply(const T& value) const {
        return reply_with(dump(value));
    }

    Request& request;
    Database& database;
    json::object fields;    ///< of the body, checked
    Parameters parameters;  ///< of all statements, by the names of schema/parameters.hpp

private:
    virtual Reply reply_with(const json::object& value) const = 0;
};

}  // namespace api
