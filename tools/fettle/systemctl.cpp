// Runs systemctl and parses its output, lines NAME=value.
#include "systemctl.hpp"

#include <chrono>
#include <sstream>

#include "errors.hpp"

namespace tool {

namespace {

/// Longer than TimeoutStopSec of the unit: the old process may answer the requests that it has accepted.
constexpr auto time_limit = std::chrono::seconds(45);

}  // namespace

ProcessResult systemctl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"systemctl", "--no-pager", "--no-ask-password"});
    return run({.program = "/usr/bin/systemctl", .arguments = arguments, .time_limit = time_limit});
}

UnitProperties unit_properties(const std::string& unit) {
    const ProcessResult result = systemctl({"show", "--all", unit});
    if (!result.succeeded())
        throw UserError("systemd does not answer: " + result.output.substr(0, result.output.find('\n')));
    UnitProperties properties;
    std::istringstream lines(result.output);
    for (std::string line; std::getline(lines, line);)
        if (const std::size_t equals = line.find('='); equals != line.npos) {
            std::string& value = properties[line.substr(0, equals)];
            value += (value.empty() ? "" : "\n") + line.substr(equals + 1);  // some names appear more than once
        }
    return properties;
}

}  // namespace tool
