// Formats numbers and times for the output of commands.
#include "text.hpp"

#include <ctime>
#include <iomanip>
#include <sstream>

namespace tool {

std::string with_noun(long long number, const std::string& noun) {
    return std::to_string(number) + ' ' + noun + (number == 1 ? "" : "s");
}

std::string format_utc(long long seconds) {
    const std::time_t time = static_cast<std::time_t>(seconds);
    std::tm parts;
    char text[32];
    gmtime_r(&time, &parts);
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
    return text;
}

std::string format_decimal(double value) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(1) << value;
    return text.str();
}

std::string trim_newlines(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

}  // namespace tool
