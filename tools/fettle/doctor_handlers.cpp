// The checks of fettle doctor for the handlers: sockets, health checks, and nginx.
#include <grp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <map>
#include <thread>
#include <vector>

#include "base/descriptor.hpp"
#include "doctor.hpp"
#include "errors.hpp"
#include "health.hpp"
#include "release_files.hpp"
#include "text.hpp"

namespace tool {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// The port on which nginx serves the metrics (nginx/metrics.conf).
constexpr int metrics_port = 9464;
/// Long enough for one handler to answer, even if it has to be started at the same time as others.
constexpr auto handler_time_limit = 10s;
/// After this time no other handler is asked.
constexpr auto total_time_limit = 40s;
/// The number of handlers that are asked at the same time. Each may have to be started; all at once would load the
/// machine for seconds.
constexpr int thread_count = 4;

const fs::path installed_sockets = "/run/fettle";
/// tools/packaging/setup creates this file when an upgrade fails, and removes it when one succeeds. While it exists, no
/// handler starts.
const fs::path held_file = "/var/lib/fettle-package/held";

fs::path socket_folder() {
    const char* named = std::getenv("FETTLE_SOCKETS");
    return named && *named ? fs::path(named) : installed_sockets;
}

fs::path socket_of(const std::string& handler, const fs::path& folder) { return folder / (handler + ".sock"); }

/// Whether the administrator has masked or disabled the handler on this machine.
bool is_disabled(const std::string& handler, const fs::path& folder) {
    if (folder != installed_sockets) return false;
    std::error_code error;  // a link that cannot be read counts as no link
    const fs::path units = "/etc/systemd/system", socket = "fettle@" + handler + ".socket";
    for (const fs::path& unit : {socket, fs::path("fettle@" + handler + ".service")})
        if (fs::read_symlink(units / unit, error) == "/dev/null") return true;
    return !fs::is_symlink(units / "fettle.target.wants" / socket, error);
}

/// What is wrong with the owner and the mode of a socket, as a predicate; empty if nothing is. A process that can
/// connect can claim any client address, so only root and nginx may connect, as the units specify. If Fettle is not
/// installed, only the owner of the folder may.
std::string check_socket_owner(const fs::path& path, const struct stat& info) {
    struct stat folder;
    if (stat(path.parent_path().c_str(), &folder) != 0)
        return "is in a directory that cannot be read: " + errno_message();
    const bool is_installed = path.parent_path() == installed_sockets;
    const mode_t mode = info.st_mode & 0777, wanted_mode = is_installed ? 0660 : 0600;
    constexpr mode_t any_by_others = 007;
    if (mode & any_by_others) return "is open to all users, who can claim any client address";
    if (info.st_uid != (is_installed ? 0 : folder.st_uid))
        return is_installed ? "must belong to root" : "must belong to the owner of its directory";
    const group* nginx = getgrnam("www-data");
    if (is_installed && nginx && info.st_gid != nginx->gr_gid) return "must belong to the group www-data";
    if (mode != wanted_mode) return std::string("must have the mode ") + (is_installed ? "0660" : "0600");
    return "";
}

constexpr std::string_view missing = "cannot be found: ";

/// What is wrong with a socket, as a predicate for its path; empty if nothing is.
std::string check_socket(const fs::path& path) {
    struct stat info;
    if (lstat(path.c_str(), &info) != 0) return std::string(missing) + errno_message();
    if (!S_ISSOCK(info.st_mode)) return "is not a socket";
    return check_socket_owner(path, info);
}

/// What the administrator can do about a faulty socket.
std::string socket_advice(const std::string& handler, const fs::path& folder, const std::string& fault) {
    if (folder != installed_sockets) return "; stop `make run`, and start it again";
    // the start of a socket loses nothing; a restart loses the requests that wait in it
    return std::string("; run `systemctl ") + (fault.starts_with(missing) ? "start" : "restart") + " fettle@" +
           handler + ".socket`";
}

/// Adds a line for each faulty socket, or one for all. Returns the handlers that can be asked: those whose socket
/// exists, even if it has the wrong owner or mode.
std::vector<std::string> check_sockets(Report& report, const std::vector<std::string>& enabled, const fs::path& folder,
                                       const std::vector<std::string>& disabled) {
    std::vector<std::string> reachable;
    bool are_all_well = true;
    for (const std::string& handler : enabled) {
        const fs::path path = socket_of(handler, folder);
        const std::string fault = check_socket(path);
        if (fault.empty() || fault.starts_with("must ")) reachable.push_back(handler);
        if (fault.empty()) continue;
        report.add(Severity::failure, "sockets", path.string() + ' ' + fault + socket_advice(handler, folder, fault));
        are_all_well = false;
    }
    if (are_all_well)
        report.add(Severity::ok, "sockets",
                   with_noun(static_cast<long long>(enabled.size()), "correct socket") + " in " + folder.string() +
                       (disabled.empty() ? "" : "; masked or disabled: " + join(disabled)));
    return reachable;
}

/// The health of one handler, or why it is not known.
struct Answer {
    Health health;
    std::string fault;  ///< as a predicate; empty if the handler is healthy
};

Answer ask_handler(const std::string& handler, const fs::path& socket, Clock::time_point deadline) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left <= 0ms) return {{}, "was not asked, because other handlers took too long"};
    Answer answer;
    try {
        answer.health = health_of(handler, socket, std::min<std::chrono::milliseconds>(left, handler_time_limit));
        if (!answer.health.faults.empty()) answer.fault = "is not healthy: " + answer.health.faults.front();
    } catch (const std::exception& error) {
        answer.fault = error.what();
        if (geteuid() != 0) answer.fault += "; run `fettle doctor` as root";
        // the path is removed, so that handlers with the same fault share a line
        if (answer.fault.starts_with(socket.string() + ' ')) answer.fault.erase(0, socket.string().size() + 1);
    }
    return answer;
}

/// The answers of the handlers, in the same order.
std::vector<Answer> ask_handlers(const std::vector<std::string>& handlers, const fs::path& folder) {
    std::vector<Answer> answers(handlers.size());
    std::atomic<std::size_t> next = 0;
    const auto deadline = Clock::now() + total_time_limit;
    const auto work = [&] {
        for (std::size_t i; (i = next++) < handlers.size();)
            answers[i] = ask_handler(handlers[i], socket_of(handlers[i], folder), deadline);
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < thread_count; ++i) threads.emplace_back(work);
    for (std::thread& thread : threads) thread.join();
    return answers;
}

}  // namespace

std::size_t check_handlers(Report& report) {
    const fs::path folder = socket_folder();
    const std::vector<std::string> installed = list_handlers();
    std::vector<std::string> enabled, disabled;
    for (const std::string& handler : installed) (is_disabled(handler, folder) ? disabled : enabled).push_back(handler);
    if (folder == installed_sockets && fs::exists(held_file))
        report.add(Severity::failure, "handlers",
                   "no new handler starts, because an upgrade failed: see `journalctl -u fettle-migrate`, correct the "
                   "cause, then run `dpkg --configure -a` or " +
                       (program_folder().parent_path() / "lib/fettle/setup").string());
    const std::vector<std::string> asked = check_sockets(report, enabled, folder, disabled);

    const auto start = Clock::now();
    const std::vector<Answer> answers = ask_handlers(asked, folder);
    std::map<std::string, std::vector<std::string>> handlers_by_fault;
    std::size_t without_database = 0;
    for (std::size_t i = 0; i < asked.size(); ++i) {
        if (!answers[i].fault.empty()) handlers_by_fault[answers[i].fault].push_back(asked[i]);
        if (!answers[i].health.uses_database) ++without_database;
    }
    for (const auto& [fault, handlers] : handlers_by_fault)
        report.add(Severity::failure, "handlers",
                   join(handlers) + (handlers.size() > 1 ? ": " : " ") + fault +
                       (folder == installed_sockets ? "; see `journalctl -u fettle@" + handlers.front() + '`'
                                                    : "; see handlers.log in the directory that `make run` prints"));
    if (handlers_by_fault.empty())
        report.add(Severity::ok, "handlers",
                   "all " + std::to_string(asked.size()) + " that were asked are healthy; they answered within " +
                       format_decimal(std::chrono::duration<double>(Clock::now() - start).count()) + " s");
    return enabled.size() - without_database;
}

void check_nginx(Report& report) {
    if (socket_folder() != installed_sockets) return;  // `make run` starts its own nginx
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(metrics_port);
    const api::Descriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const std::string text = "127.0.0.1:" + std::to_string(metrics_port);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw UserError("does not serve the metrics on " + text + " (" + errno_message() +
                        "): it does not run (see `systemctl status nginx`), or the site "
                        "/etc/nginx/sites-enabled/fettle is missing or not loaded (see `nginx -t`)");
    report.add(Severity::ok, "nginx", "runs with the site of Fettle: " + text + " accepts connections");
}

}  // namespace tool
