// Reads the unit of a handler, restarts it, and waits until it is healthy.
#include "service.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <numeric>
#include <sstream>
#include <thread>

#include "errors.hpp"
#include "health.hpp"
#include "settings_file.hpp"
#include "systemctl.hpp"

namespace tool {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// How long a restarted handler may take to become healthy. This is less than a crash loop needs to reach the start
/// limit of the unit (50 starts in 30 s), and than the time after which nginx gives up a request in the queue (60 s).
constexpr auto healthy_within = 10s;

std::vector<std::string> split_words(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

/// The text between two others, as in `{ path=/usr/lib/… ; argv[]=… }`. Empty if the first is not found.
std::string text_between(const std::string& text, const std::string& before, const std::string& after) {
    const std::size_t start = text.find(before);
    if (start == text.npos) return "";
    const std::string rest = text.substr(start + before.size());
    return rest.substr(0, rest.find(after));
}

/// The user with all groups: those of the system and those that the unit adds.
User find_user(const std::string& name, const std::string& unit_groups) {
    constexpr int max_groups = 64;
    const passwd* entry = getpwnam(name.empty() ? "root" : name.c_str());
    if (!entry)
        throw UserError("the user " + name + " of the unit does not exist; run `systemd-sysusers` to create it");
    User user{entry->pw_name, entry->pw_uid, entry->pw_gid, {}};
    int count = max_groups;
    user.supplementary_groups.resize(max_groups);
    if (getgrouplist(entry->pw_name, entry->pw_gid, user.supplementary_groups.data(), &count) < 0)
        throw UserError("the user " + user.name + " is in more than 64 groups; remove it from some");
    user.supplementary_groups.resize(static_cast<std::size_t>(count));
    for (const std::string& group : split_words(unit_groups))
        if (const ::group* found = getgrnam(group.c_str())) user.supplementary_groups.push_back(found->gr_gid);
    return user;
}

/// The environment that systemd gives the service: files override Environment=, and a later file an earlier one.
std::vector<std::string> environment_of(UnitProperties& service) {
    std::map<std::string, std::string> variables;
    for (const std::string& pair : split_words(service["Environment"]))
        variables[pair.substr(0, pair.find('='))] = pair.substr(std::min(pair.find('=') + 1, pair.size()));
    std::istringstream files(service["EnvironmentFiles"]);
    for (std::string line; std::getline(files, line);)  // /etc/fettle/fettle.env (ignore_errors=yes)
        if (const fs::path file = line.substr(0, line.find(" (")); fs::exists(file))
            for (const auto& [name, value] : parse_settings_file(file)) variables[name] = value;
    variables["PATH"] = "/usr/bin:/bin";
    std::vector<std::string> environment;
    for (const auto& [name, value] : variables) environment.push_back(name + '=' + value);
    return environment;
}

/// Throws UserError if a condition of the unit would prevent its start: a restart would only stop the running handler.
void check_conditions(const std::string& unit) {
    constexpr std::string_view condition = "ConditionPathExists=!";
    std::istringstream lines(systemctl({"cat", unit}).output);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(condition) && fs::exists(line.substr(condition.size())))
            throw UserError(unit + " would not start while " + line.substr(condition.size()) +
                            " exists; `fettle doctor` says whether an upgrade has failed");
}

bool is_same_file(const fs::path& a, const fs::path& b) {
    struct stat info_a, info_b;
    return stat(a.c_str(), &info_a) == 0 && stat(b.c_str(), &info_b) == 0 && info_a.st_dev == info_b.st_dev &&
           info_a.st_ino == info_b.st_ino;
}

}  // namespace

Service::Service(const std::string& name)
    : handler(name), unit_("fettle@" + name + ".service"), socket_unit_("fettle@" + name + ".socket") {
    UnitProperties service = unit_properties(unit_), listener = unit_properties(socket_unit_);
    for (const auto& [unit, properties] : {std::pair(unit_, service), std::pair(socket_unit_, listener)}) {
        const std::string load_state = properties.at("LoadState");
        if (load_state == "masked")
            throw UserError(unit + " is masked, so it cannot start; run `systemctl unmask " + unit + "` first");
        if (load_state != "loaded")
            throw UserError("systemd does not know " + unit + "; install Fettle on this machine first");
    }
    program = text_between(service["ExecStart"], "path=", " ;");
    if (program.filename() != handler || !fs::is_regular_file(program))
        throw UserError("there is no handler " + handler + " in " + program.parent_path().string() +
                        "; to add one, install a release that has it with its routes, user and role");
    // a socket fails when its service cannot start; a deployment can repair that
    if (listener["ActiveState"] != "active" && listener["ActiveState"] != "failed")
        throw UserError(socket_unit_ +
                        " is not active, so no request starts the handler; run `systemctl enable --now " +
                        socket_unit_ + "` first");
    socket = listener["Listen"].substr(0, listener["Listen"].find(" (Stream)"));
    user = find_user(service["User"], service["SupplementaryGroups"]);
    environment = environment_of(service);
    check_conditions(unit_);
}

/// Why the process of this invocation has ended, as a predicate; empty if it still runs.
std::string Service::exit_reason(const std::string& invocation) const {
    constexpr const char *exited = "1", *killed = "2", *dumped = "3";  // CLD_EXITED and so on, sigaction(2)
    UnitProperties unit = unit_properties(unit_);
    if (unit["ActiveState"] == "active" && unit["InvocationID"] == invocation) return "";
    // these describe the process that ended last; they are empty if the next one already runs
    const std::string &code = unit["ExecMainCode"], &status = unit["ExecMainStatus"];
    if (code == exited) return "exited at startup with status " + status;
    if (code == killed || code == dumped)
        return "was killed at startup by signal " + status + " (" + strsignal(std::atoi(status.c_str())) + ")";
    return "exited at startup";
}

RestartResult Service::wait_until_healthy(const BlockedSignals* cancelled_by) const {
    const auto deadline = Clock::now() + healthy_within;
    const std::string invocation = unit_properties(unit_)["InvocationID"];  // it changes when the process has ended
    const auto is_cancelled = [&] { return cancelled_by && cancelled_by->came(); };
    const auto keep_waiting = [&] { return exit_reason(invocation).empty() && !is_cancelled(); };
    while (true) {
        RestartResult result;
        try {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
            const Health health = health_of(handler, socket, left, keep_waiting);
            if (!health.faults.empty()) return {"is not healthy: " + health.faults.front()};
            // the response must come from the process that systemd has started and that runs the installed program
            if (unit_properties(unit_)["MainPID"] == std::to_string(health.pid) &&
                is_same_file("/proc/" + std::to_string(health.pid) + "/exe", program))
                return {};
            result.fault = "does not answer; another process does, " + std::to_string(health.pid);
        } catch (const UserError&) {
            throw;
        } catch (const std::runtime_error& error) {
            result = {std::string("does not answer: ") + error.what(), true};
        }
        if (const std::string reason = exit_reason(invocation); !reason.empty()) return {reason};
        if (is_cancelled()) return {"had not answered when a signal came", result.is_unresponsive};
        if (Clock::now() >= deadline) return result;
        std::this_thread::sleep_for(50ms);
    }
}

RestartResult Service::restart(const BlockedSignals* cancelled_by) const {
    // after a crash loop, which a deployment can repair, systemd may have given up the service and its socket
    systemctl({"reset-failed", unit_, socket_unit_});
    const ProcessResult restarted = systemctl({"restart", unit_});
    if (!restarted.in_time) return {"could not be restarted in time"};
    return wait_until_healthy(cancelled_by);
}

void Service::reset(bool is_unresponsive) const {
    if (is_unresponsive) systemctl({"kill", "--signal=KILL", unit_});
    systemctl({"reset-failed", unit_, socket_unit_});
    systemctl({"start", socket_unit_});
}

std::string Service::journal(long long since) const {
    constexpr std::size_t max_lines = 12;
    const ProcessResult journalctl =
        run({.program = "/usr/bin/journalctl",
             .arguments = {"journalctl", "--no-pager", "--quiet", "--output=cat", "--lines=10000",
                           "--since=@" + std::to_string(since), "--unit=" + unit_},
             .time_limit = 5s});
    if (!journalctl.succeeded()) return "";
    // without the lines for requests: the processes before and after the new one write them
    std::istringstream lines(journalctl.output);
    std::deque<std::string> last;
    for (std::string line; std::getline(lines, line);) {
        if (line.find(": request method=") != line.npos) continue;
        last.push_back(line + '\n');
        if (last.size() > max_lines) last.pop_front();
    }
    return std::accumulate(last.begin(), last.end(), std::string());
}

}  // namespace tool
