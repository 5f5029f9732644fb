// The table of the commands of fettle: their help, how many arguments they take, and the function that each calls.
#pragma once
#include <cstddef>
#include <span>

#include "commands.hpp"

namespace tool {

struct Command {
    const char* group;  ///< its heading in the list of commands
    const char* name;
    const char* arguments;
    const char* summary;     ///< in the list of commands, at most 63 characters
    const char* details;     ///< in --help; a line has at most 80 characters, as in the next two
    const char* parameters;  ///< the arguments, a line each; may be empty
    const char* example;
    std::size_t min_arguments, max_arguments;
    int (*run)(const Arguments&);
    bool loads_settings = true;  ///< before it runs
};

/// All commands, in the order of --help; those of a group follow each other.
std::span<const Command> all_commands();

}  // namespace tool
