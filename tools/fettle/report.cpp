// Prints the findings of fettle doctor.
#include "report.hpp"

#include <algorithm>
#include <iomanip>
#include <iostream>

namespace tool {

void Report::add(Severity severity, const std::string& subject, const std::string& finding) {
    static constexpr const char* labels[] = {"ok", "warn", "FAIL"};
    std::cout << std::left << std::setw(6) << labels[static_cast<int>(severity)] << std::setw(13) << subject << finding
              << '\n'
              << std::flush;
    worst_ = std::max(worst_, severity);
}

}  // namespace tool
