// What main() of a handler calls: it serves requests, or obeys an option of the command line.
#pragma once
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "serve/handler.hpp"

namespace api {

/// The number of arguments of main() and the name of the handler: that of the source file that defines main(). The file
/// name of the binary does not matter.
struct Program {
    /// Implicit, so that `serve(argc, argv, …)` in main() knows its file.
    Program(int count, std::source_location where = std::source_location::current());
    int argument_count;
    std::string name;
};

/// main() of a handler: serves, or obeys --describe, --sql, --check, --help. Returns the exit status of the process; an
/// exception is logged.
int serve(const Program& program, char** argv, std::vector<CompiledEndpoint> endpoints);

/// The same for endpoints as they are declared.
template <class... Endpoints>
int serve(const Program& program, char** argv, const Endpoints&... endpoints) {
    std::vector<CompiledEndpoint> all;
    all.reserve(sizeof...(endpoints));
    (all.push_back(compiled(endpoints)), ...);
    return serve(program, argv, std::move(all));
}

}  // namespace api
