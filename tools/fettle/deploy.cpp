// fettle deploy and fettle rollback: another binary of one handler, or the one before, and no request lost.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <sstream>

#include "service.hpp"

namespace tool {

namespace {

using namespace std::chrono_literals;

[[noreturn]] void fail(const std::string& what) { throw Complaint(what + ": " + std::strerror(errno)); }

void check_name(const std::string& handler) {
    const bool is_name = !handler.empty() && handler.size() <= 24 && handler[0] >= 'a' && handler[0] <= 'z' &&
                         std::all_of(handler.begin(), handler.end(), [](char c) {
                             return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
                         });
    if (!is_name) throw Misuse("'" + handler + "' is no name of a handler");
    if (geteuid() != 0) throw Complaint("only root can deploy");
}

void sync_folder(const fs::path& folder) {
    const api::Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd < 0 || fsync(fd) != 0) fail("cannot write the folder " + folder.string());
}

void rename_or_fail(const fs::path& from, const fs::path& to) {
    if (rename(from.c_str(), to.c_str()) != 0) fail("cannot rename " + from.string() + " to " + to.string());
    sync_folder(to.parent_path());
}

/// A file that is gone with this object, unless it was renamed.
class Passing {
public:
    explicit Passing(fs::path at) : path(std::move(at)) { unlink(path.c_str()); }  // left by one that was killed
    ~Passing() { unlink(path.c_str()); }
    Passing(const Passing&) = delete;
    Passing& operator=(const Passing&) = delete;
    const fs::path path;
};

/// The folder of the handlers, locked: one deployment at a time, of whichever handler.
api::Descriptor locked(const fs::path& folder) {
    api::Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd < 0) fail("cannot open " + folder.string());
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        throw Complaint("another deployment is at work; try again when it has ended");
    return fd;
}

/// Copies a file, down to the disk, for everybody to read and to run.
void copy_down(const fs::path& from, const fs::path& to) {
    const api::Descriptor source(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat is;
    if (source < 0 || fstat(source, &is) != 0) fail("cannot read " + from.string());
    if (!S_ISREG(is.st_mode) || (is.st_mode & 0111) == 0) throw Complaint(from.string() + " is no program");
    const api::Descriptor target(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (target < 0) fail("cannot make " + to.string());
    std::vector<char> piece(1 << 20);
    ssize_t n;
    while ((n = read(source, piece.data(), piece.size())) > 0) {
        errno = ENOSPC;  // what a short write does not say
        if (write(target, piece.data(), static_cast<std::size_t>(n)) != n) fail("cannot write " + to.string());
    }
    if (n < 0) fail("cannot read " + from.string());
    if (fchmod(target, 0755) != 0 || fsync(target) != 0) fail("cannot write " + to.string());
}

bool have_same_bytes(const fs::path& a, const fs::path& b) {
    if (fs::file_size(a) != fs::file_size(b)) return false;
    std::ifstream one(a, std::ios::binary), other(b, std::ios::binary);
    return std::equal(std::istreambuf_iterator<char>(one), {}, std::istreambuf_iterator<char>(other));
}

std::string trimmed(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

/// Throws Complaint where the program is not this handler, or does not fit: asked as the user, and with the settings,
/// that it will run with.
void examine(const fs::path& program, const fs::path& file, const Service& service, const Signals& signals) {
    const auto ask = [&](const char* option) {
        Ended ended = run({.program = program,
                           .words = {service.handler, option},
                           .limit = 30s,
                           .user = service.user,
                           .environment = service.environment,
                           .stops = &signals});
        if (signals.came()) throw Complaint("a signal came; nothing was changed");
        if (!ended.in_time) throw Complaint(file.string() + ' ' + option + " does not end; nothing was changed");
        return ended;
    };
    const Ended described = ask("--describe");
    boost::system::error_code is_none;
    const boost::json::value says = boost::json::parse(described.output, is_none);
    const boost::json::object* object = says.if_object();
    const boost::json::value* name = object ? object->if_contains("handler") : nullptr;
    if (!described.well() || is_none || !name || !name->is_string())
        throw Complaint(file.string() + " is no handler: --describe ends with " + how_it_ended(described.status) +
                        "; nothing was changed" + (described.well() ? "" : "\n" + trimmed(described.output)));
    if (name->get_string() != service.handler)
        throw Complaint(file.string() + " is the handler " + std::string(name->get_string()) + ", not " +
                        service.handler + "; nothing was changed");
    const Ended checked = ask("--check");
    if (!checked.well())
        throw Complaint(file.string() + " does not fit, as the user " + service.user.name +
                        "; nothing was changed. --check ends with " + how_it_ended(checked.status) + ":\n" +
                        trimmed(checked.output));
}

/// What is installed is put aside, to come back from: by a rename here, or by `fettle rollback`.
class Exchange {
public:
    explicit Exchange(const Service& service)
        : program_(service.program), former_(program_.parent_path().parent_path() / "former" / service.handler) {
        fs::create_directories(former_.parent_path());
        aside_ = former_.parent_path() / ('.' + service.handler + ".aside");
        // A deployment that was killed has left what served before it; or what serves still, as a second name of it.
        // rename(2) does nothing where both names are of one file.
        std::error_code is_none;
        if (fs::equivalent(aside_, program_, is_none) || fs::equivalent(aside_, former_, is_none)) unlink(aside_.c_str());
        if (fs::exists(aside_)) rename_or_fail(aside_, former_);
    }
    const fs::path& former() const { return former_; }
    void put(const fs::path& fresh) {
        if (link(program_.c_str(), aside_.c_str()) != 0) fail("cannot put " + program_.string() + " aside");
        sync_folder(aside_.parent_path());
        rename_or_fail(fresh, program_);
    }
    void keep() { rename_or_fail(aside_, former_); }
    void take_back() { rename_or_fail(aside_, program_); }

private:
    fs::path program_, former_, aside_;
};

std::string seconds_since(std::chrono::steady_clock::time_point start) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(1)
         << std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() << " s";
    return text.str();
}

/// Restarts what is installed; where even that cannot be tried, that is what is wrong.
Outcome restarted(const Service& service, const Signals* stops) {
    try {
        return service.restart(stops);
    } catch (const std::exception& fault) {
        return {std::string("could not be restarted: ") + fault.what()};
    }
}

/// What is installed was not well: the former one comes back, if there is another one. Throws Complaint in any case.
[[noreturn]] void go_back(const Service& service, const Outcome& outcome, Exchange* exchange, long long began) {
    const auto start = std::chrono::steady_clock::now();
    const std::string lines = service.journal(began);
    if (exchange) exchange->take_back();
    service.clear(outcome.is_silent);
    const Outcome again = restarted(service, nullptr);
    std::string sentence = "the new " + service.handler + ' ' + outcome.fault;
    if (!exchange) sentence += "; it is the one that was installed already, so there is none to go back to";
    if (exchange && again.fault.empty()) sentence += "; the former one serves again, after " + seconds_since(start);
    if (exchange && !again.fault.empty()) sentence += "; the former one is back, and " + again.fault;
    if (!lines.empty()) sentence += ". Its journal:\n" + trimmed(lines);
    throw Complaint(sentence);
}

/// Puts a file, or the former binary, in place, and makes sure that it is well.
int put(const std::string& handler, const fs::path* given) {
    const Signals signals;
    const Service service(handler);
    const api::Descriptor lock = locked(service.program.parent_path());
    Exchange exchange(service);
    const fs::path& file = given ? *given : exchange.former();
    if (!given && !fs::exists(file)) throw Complaint("no former " + handler + " was kept; `fettle deploy` keeps one");
    const Passing fresh(service.program.parent_path() / ('.' + handler + ".new"));
    copy_down(file, fresh.path);
    examine(fresh.path, file, service, signals);

    const auto start = std::chrono::steady_clock::now();
    const long long began = std::time(nullptr);
    const bool is_other = !have_same_bytes(fresh.path, service.program);
    if (is_other) exchange.put(fresh.path);
    const Outcome outcome = restarted(service, &signals);
    if (!outcome.fault.empty()) go_back(service, outcome, is_other ? &exchange : nullptr, began);
    if (is_other) exchange.keep();
    std::cout << handler << (is_other ? " was deployed" : " is that already, and was restarted")
              << "; it was well after " << seconds_since(start) << '\n';
    return 0;
}

}  // namespace

int deploy(const Arguments& given) {
    check_name(given[0]);
    const fs::path file = given.size() > 1 ? fs::path(given[1]) : fs::path("build/handlers") / given[0];
    if (given.size() == 1 && !fs::exists(file))
        throw Misuse("there is no " + file.string() + " in this folder; name the file");
    return put(given[0], &file);
}

int rollback(const Arguments& given) {
    check_name(given[0]);
    return put(given[0], nullptr);
}

}  // namespace tool
