// Asks systemd by systemctl: its answers are lines NAME=value.
#include "service.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <numeric>
#include <sstream>
#include <thread>

namespace tool {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using Properties = std::map<std::string, std::string>;

/// Far below what a crash loop needs to exhaust the start limit (50 starts, 100 ms apart, in 30 s), and below the
/// time after which nginx gives up those who wait in the queue (60 s).
constexpr auto patience = 10s;
/// TimeoutStopSec of the unit, and some more: the old process may answer what it has accepted.
constexpr auto restart_limit = 45s;

Ended systemctl(std::vector<std::string> words) {
    words.insert(words.begin(), {"systemctl", "--no-pager", "--no-ask-password"});
    return run({.program = "/usr/bin/systemctl", .words = words, .limit = restart_limit});
}

Properties properties_of(const std::string& unit) {
    const Ended ended = systemctl({"show", "--all", unit});
    if (!ended.well()) throw Complaint("systemd does not answer: " + ended.output.substr(0, ended.output.find('\n')));
    Properties properties;
    std::istringstream lines(ended.output);
    for (std::string line; std::getline(lines, line);)
        if (const std::size_t equals = line.find('='); equals != line.npos) {
            std::string& value = properties[line.substr(0, equals)];
            value += (value.empty() ? "" : "\n") + line.substr(equals + 1);  // some come more than once
        }
    return properties;
}

std::vector<std::string> words_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

/// What stands between these two, as in `{ path=/usr/lib/… ; argv[]=… }`.
std::string between(const std::string& text, const std::string& before, const std::string& after) {
    const std::size_t start = text.find(before);
    if (start == text.npos) return "";
    const std::string rest = text.substr(start + before.size());
    return rest.substr(0, rest.find(after));
}

User user_of(const std::string& name, const std::string& more_groups) {
    const passwd* entry = getpwnam(name.empty() ? "root" : name.c_str());
    if (!entry) throw Complaint("the user " + name + " of the unit does not exist; systemd-sysusers makes it");
    User user{entry->pw_name, entry->pw_uid, entry->pw_gid, {}};
    int count = 64;
    user.groups.resize(static_cast<std::size_t>(count));
    if (getgrouplist(entry->pw_name, entry->pw_gid, user.groups.data(), &count) < 0)
        throw Complaint("the user " + user.name + " is in more than 64 groups");
    user.groups.resize(static_cast<std::size_t>(count));
    for (const std::string& group : words_of(more_groups))
        if (const ::group* found = getgrnam(group.c_str())) user.groups.push_back(found->gr_gid);
    return user;
}

/// What the service is given when it starts: the later one stands.
std::vector<std::string> environment_of(Properties& service) {
    Properties given;
    for (const std::string& pair : words_of(service["Environment"]))
        given[pair.substr(0, pair.find('='))] = pair.substr(std::min(pair.find('=') + 1, pair.size()));
    std::istringstream files(service["EnvironmentFiles"]);
    for (std::string line; std::getline(files, line);)  // /etc/fettle/fettle.env (ignore_errors=yes)
        if (const fs::path file = line.substr(0, line.find(" (")); fs::exists(file))
            for (const auto& [setting, value] : settings_in(file)) given[setting] = value;
    given["PATH"] = "/usr/bin:/bin";
    std::vector<std::string> environment;
    for (const auto& [setting, value] : given) environment.push_back(setting + '=' + value);
    return environment;
}

/// What keeps the unit from starting, by its own conditions: a service that runs would be ended for nothing.
void check_conditions(const std::string& unit) {
    constexpr std::string_view condition = "ConditionPathExists=!";
    std::istringstream lines(systemctl({"cat", unit}).output);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(condition) && fs::exists(line.substr(condition.size())))
            throw Complaint(unit + " would not start as long as there is " + line.substr(condition.size()));
}

bool is_same_file(const fs::path& a, const fs::path& b) {
    struct stat one, other;
    return stat(a.c_str(), &one) == 0 && stat(b.c_str(), &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

}  // namespace

Health health_of(const std::string& handler, const fs::path& socket, std::chrono::milliseconds limit,
                 const fastcgi::GoesOn& goes_on) {
    const fastcgi::Answer answer = fastcgi::get(socket, "/_check", limit, goes_on);
    boost::system::error_code is_none;
    const boost::json::value value = boost::json::parse(answer.body, is_none);
    const boost::json::object* object = value.if_object();
    if (is_none || !object || (answer.status != 200 && answer.status != 503))
        throw std::runtime_error(socket.string() + " answers " + std::to_string(answer.status) + " to GET /_check");
    const std::string is_other = socket.string() + " answers GET /_check with something else";
    try {
        if (object->at("handler").as_string() != handler)
            throw std::runtime_error(socket.string() + " is answered by " +
                                     std::string(object->at("handler").as_string()));
        return {static_cast<int>(object->at("pid").as_int64()), object->at("database").as_bool(),
                boost::json::value_to<std::vector<std::string>>(object->at("faults"))};
    } catch (const std::logic_error&) {  // out of range, or of another type: Boost 1.81
        throw std::runtime_error(is_other);
    } catch (const boost::system::system_error&) {  // the same from 1.83 on
        throw std::runtime_error(is_other);
    }
}

Service::Service(const std::string& name)
    : handler(name), unit_("fettle@" + name + ".service"), socket_unit_("fettle@" + name + ".socket") {
    Properties service = properties_of(unit_), listening = properties_of(socket_unit_);
    for (const auto& [unit, properties] : {std::pair(unit_, service), std::pair(socket_unit_, listening)}) {
        const std::string load = properties.at("LoadState");
        if (load == "masked") throw Complaint(unit + " is masked; `systemctl unmask " + unit + "` takes that back");
        if (load != "loaded") throw Complaint("systemd does not know " + unit + "; it comes with the installation");
    }
    program = between(service["ExecStart"], "path=", " ;");
    if (program.filename() != handler || !fs::is_regular_file(program))
        throw Complaint("there is no handler " + handler + " in " + program.parent_path().string() +
                        "; a new one comes with a release, which has its routes, user and role");
    // a socket that was given up, because its service could not start, is one that a deployment mends
    if (listening["ActiveState"] != "active" && listening["ActiveState"] != "failed")
        throw Complaint("nothing listens for " + handler + "; `systemctl enable --now " + socket_unit_ + "` does");
    socket = listening["Listen"].substr(0, listening["Listen"].find(" (Stream)"));
    user = user_of(service["User"], service["SupplementaryGroups"]);
    environment = environment_of(service);
    check_conditions(unit_);
}

std::string Service::why_ended(const std::string& invocation) const {
    Properties now = properties_of(unit_);
    if (now["ActiveState"] == "active" && now["InvocationID"] == invocation) return "";
    // what ended last; nothing is known of it any more where the next one runs already. 1 is CLD_EXITED
    if (now["ExecMainCode"] == "1") return "ended at its start with status " + now["ExecMainStatus"];
    if (now["ExecMainCode"] == "2" || now["ExecMainCode"] == "3")
        return "was killed at its start by signal " + now["ExecMainStatus"] + " (" +
               strsignal(std::atoi(now["ExecMainStatus"].c_str())) + ")";
    return "ended at its start";
}

Outcome Service::wait_until_well(const Signals* stops) const {
    const auto until = Clock::now() + patience;
    const std::string invocation = properties_of(unit_)["InvocationID"];  // another one: it has ended meanwhile
    const auto goes_on = [&] { return why_ended(invocation).empty() && !(stops && stops->came()); };
    while (true) {
        Outcome outcome;
        try {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
            const Health health = health_of(handler, socket, left, goes_on);
            if (!health.faults.empty()) return {"does not fit: " + health.faults.front()};
            // the one that systemd has started, and it runs what is installed
            if (properties_of(unit_)["MainPID"] == std::to_string(health.pid) &&
                is_same_file("/proc/" + std::to_string(health.pid) + "/exe", program))
                return {};
            outcome.fault = "is answered for by another process, " + std::to_string(health.pid);
        } catch (const Complaint&) {
            throw;
        } catch (const std::runtime_error& fault) {
            outcome = {std::string("does not answer: ") + fault.what(), true};
        }
        if (const std::string ended = why_ended(invocation); !ended.empty()) return {ended};
        if (stops && stops->came()) return {"was given up: a signal came before it had answered", outcome.is_silent};
        if (Clock::now() >= until) return outcome;
        std::this_thread::sleep_for(50ms);
    }
}

Outcome Service::restart(const Signals* stops) const {
    // one that ends again and again is what a deployment is for: systemd may have given it up, its socket with it
    systemctl({"reset-failed", unit_, socket_unit_});
    const Ended ended = systemctl({"restart", unit_});
    if (!ended.in_time) return {"could not be restarted in time"};
    return wait_until_well(stops);
}

void Service::clear(bool is_silent) const {
    if (is_silent) systemctl({"kill", "--signal=KILL", unit_});
    systemctl({"reset-failed", unit_, socket_unit_});
    systemctl({"start", socket_unit_});
}

std::string Service::journal(long long since) const {
    const Ended ended = run({.program = "/usr/bin/journalctl",
                             .words = {"journalctl", "--no-pager", "--quiet", "--output=cat", "--lines=10000",
                                       "--since=@" + std::to_string(since), "--unit=" + unit_},
                             .limit = 5s});
    if (!ended.well()) return "";
    // of those who serve beside the new one, before it and after it, there is a line for each request
    std::istringstream all(ended.output);
    std::deque<std::string> last;
    for (std::string line; std::getline(all, line);) {
        if (line.find(": request method=") != line.npos) continue;
        last.push_back(line + '\n');
        if (last.size() > 12) last.pop_front();
    }
    return std::accumulate(last.begin(), last.end(), std::string());
}

}  // namespace tool
