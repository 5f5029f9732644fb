// Matches a requested path with a route.
#include "schema/route.hpp"

#include <algorithm>

namespace api {

bool Route::matches(std::string_view requested, PathParameters& parameters) const {
    std::string_view pattern = path;
    while (!pattern.empty() && !requested.empty()) {
        const std::size_t end = std::min(pattern.find('/', 1), pattern.size()),
                          stop = std::min(requested.find('/', 1), requested.size());
        const std::string_view expected = pattern.substr(1, end - 1), segment = requested.substr(1, stop - 1);
        if (expected.starts_with("{")) {
            if (segment.empty()) return false;
            parameters.emplace_back(expected.substr(1, expected.size() - 2), segment);
        } else if (expected != segment) {
            return false;
        }
        pattern.remove_prefix(end), requested.remove_prefix(stop);
    }
    return pattern.empty() && requested.empty();
}

std::string path_with(std::string_view path, const PathParameters& parameters) {
    std::string text(path);
    for (const auto& [name, value] : parameters) {
        const std::string hole = '{' + name + '}';
        if (const std::size_t at = text.find(hole); at != text.npos) text.replace(at, hole.size(), value);
    }
    return text;
}

}  // namespace api
