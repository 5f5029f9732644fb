// The function that main() of a handler calls: it serves requests, or runs an option of the command line.
#pragma once
#include <source_location>
#include <string>
#include <utility>
#include <vector>

#include "serve/handler.hpp"

namespace api {

/// The number of arguments of main(), and the name of the handler. It is the name of the source file that defines
/// main(); the file name of the binary does not matter.
struct Program {
    /// Implicit, so that `serve(argc, argv, …)` in main() records the source file of main().
    Program(int count, std::source_location where = std::source_location::current());
    int argument_count;
    std::string name;
};

/// The body of a handler's main(): serves requests, or runs --describe, --sql, --check or --help. Returns the exit
/// status of the process. Exceptions are logged.
int serve(const Program& program, char** argv, std::vector<CompiledEndpoint> endpoints);

/// The same for endpoints in the form in which they are declared.
template <class... Endpoints>
int serve(const Program& program, char** argv, const Endpoints&... endpoints) {
    std::vector<CompiledEndpoint> all;
    all.reserve(sizeof...(endpoints));
    (all.push_back(compiled(endpoints)), ...);
    return serve(program, argv, std::move(all));
}

}  // namespace api
