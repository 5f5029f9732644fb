// Reads and changes the state of systemd units with the program systemctl.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "subprocess.hpp"

namespace tool {

/// The properties of a unit by their names.
using UnitProperties = std::map<std::string, std::string>;

/// Runs systemctl with these arguments. Throws std::runtime_error if it cannot be run.
ProcessResult systemctl(std::vector<std::string> arguments);

/// All properties of a unit. A property with several values has one on each line. Throws UserError if systemd does not
/// answer.
UnitProperties unit_properties(const std::string& unit);

}  // namespace tool
