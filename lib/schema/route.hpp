// A route: one or more methods and a path with parameters, parsed both at compile time and for requests.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema/list.hpp"

namespace api {

/// The path parameters of one request: name and value, in the order of the path.
using PathParameters = std::vector<std::pair<std::string, std::string>>;

/// `PUT PATCH /api/v1/tasks/{task_id}`, parsed. The text must outlive it.
struct Route {
    List<std::string_view> methods;
    std::string_view path;

    /// Throws a sentence if the text is not a route.
    constexpr explicit Route(std::string_view text) {
        const std::size_t slash = text.find('/');
        if (slash == text.npos || slash == 0)
            throw "A route must be one or more methods and a path: GET /api/v1/things.";
        path = text.substr(slash);
        std::string_view rest = text.substr(0, slash);
        while (!rest.empty()) {
            const std::size_t end = rest.find(' ');
            const std::string_view method = rest.substr(0, end);
            if (method != "GET" && method != "POST" && method != "PUT" && method != "PATCH" && method != "DELETE")
                throw "The methods of a route can be GET, POST, PUT, PATCH and DELETE.";
            methods.items[methods.count++] = method;
            rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
        }
    }

    constexpr bool has_method(std::string_view method) const {
        for (std::string_view one : methods)
            if (one == method) return true;
        return false;
    }
    /// The first method of the route. It determines the kind of endpoint.
    constexpr std::string_view method() const { return methods[0]; }

    /// Whether the path has the parameter {name}, or {name + end} with an end such as _id.
    constexpr bool has_parameter(std::string_view name, std::string_view end = "") const {
        for (std::size_t open = path.find('{'); open != path.npos; open = path.find('{', open + 1)) {
            const std::string_view parameter = path.substr(open + 1, path.find('}', open) - open - 1);
            if (parameter.size() == name.size() + end.size() && parameter.substr(0, name.size()) == name &&
                parameter.substr(name.size()) == end)
                return true;
        }
        return false;
    }
    /// Whether the path has every parameter of another route.
    constexpr bool has_parameters_of(const Route& other) const {
        for (std::size_t open = other.path.find('{'); open != path.npos; open = other.path.find('{', open + 1))
            if (!has_parameter(other.path.substr(open + 1, other.path.find('}', open) - open - 1))) return false;
        return true;
    }

    /// Compares a requested path with this one, segment by segment; `{name}` matches any one segment, which is appended
    /// to the parameters.
    bool matches(std::string_view requested, PathParameters& parameters) const;
};

/// A path with its parameters replaced by their values.
std::string path_with(std::string_view path, const PathParameters& parameters);

}  // namespace api
