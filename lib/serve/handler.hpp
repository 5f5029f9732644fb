// A handler: the endpoints of one binary. Routes each request to one of them and turns every result into a reply.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "serve/compiled_endpoint.hpp"

namespace api {

/// The endpoints of one path family.
class Handler {
public:
    /// The name is that of the source file. Endpoints are tried in this order.
    Handler(std::string name, std::vector<CompiledEndpoint> endpoints);
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;

    /// Answers a request; never throws. Internal errors are logged and answered with a 500 that contains no details.
    Reply handle(Request& request, Database& database) const;
    /// Runs after the reply to the request with this id was sent: stores when the session was last used, at most once a
    /// minute.
    void after(const Reply& reply, std::string_view id, Database& database) const;

    const std::string& name() const { return name_; }
    const std::vector<CompiledEndpoint>& endpoints() const { return endpoints_; }

private:
    Reply answer(Request& request, Database& database) const;
    Reply answer_by(const CompiledEndpoint& endpoint, Request& request, Database& database,
                    const PathParameters& path) const;
    /// The answer if no endpoint serves the method: 204 for OPTIONS, else 404 or 405.
    Reply answer_unserved(Request& request, bool is_literal) const;

    std::string name_;
    std::vector<CompiledEndpoint> endpoints_;
    std::set<std::string_view>
        literal_paths_;  ///< the paths of all routes: an exact match wins over a route with parameters
};

}  // namespace api
