// A handler: the endpoints of one binary. Routes a request to one of them and turns whatever happens into a reply.
#pragma once
#include <set>
#include <string>
#include <vector>

#include "serve/compiled_endpoint.hpp"

namespace api {

/// The endpoints of one path family.
class Handler {
public:
    /// The name is that of the source file; endpoints are tried in this order.
    Handler(std::string name, std::vector<CompiledEndpoint> endpoints);
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;

    /// Answers a request; never throws. Faults of ours are logged and answered with a bare 500.
    Reply handle(Request& request, Database& database) const;
    /// What is done when the reply to the request of this id has left: notes the last use of the session, at most once
    /// a minute.
    void after(const Reply& reply, std::string_view id, Database& database) const;

    const std::string& name() const { return name_; }
    const std::vector<CompiledEndpoint>& endpoints() const { return endpoints_; }

private:
    Reply answer(Request& request, Database& database) const;
    Reply answer_by(const CompiledEndpoint& endpoint, Request& request, Database& database,
                    const PathParameters& path) const;
    /// The answer where no endpoint serves the method: 204 to OPTIONS, else 404 or 405.
    Reply answer_unserved(Request& request, bool is_literal) const;

    std::string name_;
    std::vector<CompiledEndpoint> endpoints_;
    std::set<std::string_view>
        literal_paths_;  ///< the paths of all routes: one that a request equals wins over one with a parameter
};

}  // namespace api
