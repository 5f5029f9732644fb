// The output of fettle doctor: one line for each finding.
#pragma once
#include <string>

namespace tool {

enum class Severity { ok, warning, failure };

/// Prints findings, and keeps the worst severity.
class Report {
public:
    /// Prints one line: the severity, the subject of the check, and what was found.
    void add(Severity severity, const std::string& subject, const std::string& finding);
    Severity worst() const { return worst_; }

private:
    Severity worst_ = Severity::ok;
};

/// The severity of a measured value for which more is better.
inline Severity severity_below(double value, double failure_limit, double warning_limit) {
    if (value < failure_limit) return Severity::failure;
    return value < warning_limit ? Severity::warning : Severity::ok;
}

/// The severity of a measured value for which less is better.
inline Severity severity_above(double value, double failure_limit, double warning_limit) {
    if (value >= failure_limit) return Severity::failure;
    return value >= warning_limit ? Severity::warning : Severity::ok;
}

}  // namespace tool
