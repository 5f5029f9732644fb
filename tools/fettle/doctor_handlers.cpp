// What `fettle doctor` finds of the handlers: their sockets, and what each of them answers when it is asked whether it
// fits.
#include <grp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <thread>

#include "base/descriptor.hpp"
#include "doctor.hpp"
#include "service.hpp"

namespace tool {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// Where the site of nginx shows the metrics (nginx/metrics.conf).
constexpr int metrics_port = 9464;
/// Even a handler that has to be started, beside all the others, has answered by then.
constexpr auto patience = 10s;
/// After that nobody is asked any more.
constexpr auto all_patience = 40s;
/// How many are asked at a time: each may have to be started, and all at once would take the machine for seconds.
constexpr int askers = 4;

const fs::path installed_sockets = "/run/fettle";
/// Made by tools/packaging/setup: the units wait for its end.
const fs::path held = "/var/lib/fettle-package/held";

/// Where the handlers listen.
fs::path sockets() {
    const char* named = std::getenv("FETTLE_SOCKETS");
    return named && *named ? fs::path(named) : installed_sockets;
}

/// Whether the administrator has said that this machine does not serve it: masked, or not enabled.
bool is_left_out(const std::string& handler, const fs::path& folder) {
    if (folder != installed_sockets) return false;
    std::error_code is_none;
    const fs::path units = "/etc/systemd/system", socket = "fettle@" + handler + ".socket";
    for (const fs::path& unit : {socket, fs::path("fettle@" + handler + ".service")})
        if (fs::read_symlink(units / unit, is_none) == "/dev/null") return true;
    return !fs::is_symlink(units / "fettle.target.wants" / socket, is_none);
}

/// Who may connect may claim to be any address: root and nginx, as the units say; or who owns the folder of a Fettle
/// that is not installed.
std::string wrong_with_owner(const fs::path& path, const struct stat& is) {
    struct stat folder;
    if (stat(path.parent_path().c_str(), &folder) != 0) return "its folder: " + std::string(std::strerror(errno));
    const group* nginx = getgrnam("www-data");
    const bool is_installed = path.parent_path() == installed_sockets;
    const mode_t mode = is.st_mode & 0777, wanted = is_installed ? 0660 : 0600;
    if (mode & 007) return "is open to everybody; whoever connects may claim to be any address";
    if (is.st_uid != (is_installed ? 0 : folder.st_uid))
        return is_installed ? "must belong to root" : "must belong to the owner of its folder";
    if (is_installed && nginx && is.st_gid != nginx->gr_gid) return "must belong to the group www-data";
    if (mode != wanted) return std::string("must have the mode ") + (is_installed ? "0660" : "0600");
    return "";
}

/// What is wrong with a handler's socket, as what follows its path, or nothing.
std::string wrong_with_socket(const fs::path& path) {
    struct stat is;
    if (lstat(path.c_str(), &is) != 0) return std::string("is not there: ") + std::strerror(errno);
    if (!S_ISSOCK(is.st_mode)) return "is no socket";
    return wrong_with_owner(path, is);
}

/// What one handler has said of itself, or why it has not.
struct Said {
    Health health;
    std::string fault;
};

std::vector<Said> ask_all(const std::vector<std::string>& names, const fs::path& folder) {
    std::vector<Said> said(names.size());
    std::atomic<std::size_t> next = 0;
    const auto until = Clock::now() + all_patience;
    const auto ask = [&] {
        for (std::size_t i; (i = next++) < names.size();) {
            const fs::path socket = folder / (names[i] + ".sock");
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now());
            if (left <= 0ms) {
                said[i].fault = "was not asked: others took too long";
                continue;
            }
            try {
                said[i].health = health_of(names[i], socket, std::min<std::chrono::milliseconds>(left, patience));
                if (!said[i].health.faults.empty()) said[i].fault = "does not fit: " + said[i].health.faults.front();
            } catch (const std::exception& fault) {
                said[i].fault = fault.what();
                if (geteuid() != 0) said[i].fault += "; run doctor as root";
                // many may be silent for the same reason
                if (said[i].fault.starts_with(socket.string() + ' '))
                    said[i].fault.erase(0, socket.string().size() + 1);
            }
        }
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < askers; ++i) threads.emplace_back(ask);
    for (std::thread& thread : threads) thread.join();
    return said;
}

}  // namespace

std::vector<std::string> handlers() {
    fs::path folder = beside().parent_path() / "lib" / "fettle" / "handlers";
    if (!fs::exists(folder)) folder = beside() / "handlers";
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder))
        if (!entry.path().filename().string().starts_with('.')) names.push_back(entry.path().filename().string());
    if (names.empty()) throw Complaint("there is no handler in " + folder.string());
    std::sort(names.begin(), names.end());
    return names;
}

void look_at_handlers(Report& report, Machine& machine) {
    const fs::path folder = sockets();
    std::vector<std::string> names = handlers(), served, asked;
    std::copy_if(names.begin(), names.end(), std::back_inserter(served),
                 [&](const std::string& name) { return !is_left_out(name, folder); });
    if (folder == installed_sockets && fs::exists(held))
        report.add(fail, "handlers",
                   "none begins, because an upgrade did not come to its end: see `journalctl -u "
                   "fettle-migrate`, then run `dpkg --configure -a`, or lib/fettle/setup again");
    bool all_well = true;
    for (const std::string& name : served) {
        const fs::path path = folder / (name + ".sock");
        const std::string wrong = wrong_with_socket(path);
        if (wrong.empty() || wrong.starts_with("must ")) asked.push_back(name);
        if (wrong.empty()) continue;
        report.add(fail, "sockets", path.string() + ' ' + wrong);
        all_well = false;
    }
    const std::size_t others = names.size() - served.size();
    const std::string left_out = others > 0 ? ", " + std::to_string(others) + " masked or disabled" : "";
    if (all_well)
        report.add(ok, "sockets",
                   std::to_string(served.size()) + " are as they must be in " + folder.string() + left_out);

    const auto start = Clock::now();
    const std::vector<Said> said = ask_all(asked, folder);
    std::map<std::string, std::vector<std::string>> faults;
    std::size_t without_database = 0;
    for (std::size_t i = 0; i < asked.size(); ++i) {
        if (!said[i].fault.empty()) faults[said[i].fault].push_back(asked[i]);
        if (!said[i].health.asks_database) ++without_database;
    }
    machine.handlers_with_database = served.size() - without_database;
    for (const auto& [fault, who] : faults)
        report.add(fail, "handlers", joined(who) + (who.size() > 1 ? ": " : " ") + fault);
    if (faults.empty())
        report.add(ok, "handlers",
                   "all " + std::to_string(asked.size()) + " that were asked fit; they answered within " +
                       tenths(std::chrono::duration<double>(Clock::now() - start).count()) + " s");
}

void look_at_nginx(Report& report) {
    if (sockets() != installed_sockets) return;  // `make run` starts one of its own
    sockaddr_in metrics{};
    metrics.sin_family = AF_INET;
    metrics.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    metrics.sin_port = htons(metrics_port);
    const api::Descriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const std::string where = "127.0.0.1:" + std::to_string(metrics_port);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&metrics), sizeof metrics) != 0)
        throw Complaint("does not show the metrics on " + where + " (" + std::strerror(errno) +
                        "): it does not run, or without the site in /etc/nginx/sites-enabled/fettle");
    report.add(ok, "nginx", "runs with the site of Fettle: " + where + " is open");
}

}  // namespace tool
