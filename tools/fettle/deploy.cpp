// fettle deploy and fettle rollback: installs another program of one handler, or its former one, without a lost
// request.
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <chrono>
#include <ctime>
#include <iostream>

#include "blocked_signals.hpp"
#include "commands.hpp"
#include "errors.hpp"
#include "program_files.hpp"
#include "program_swap.hpp"
#include "service.hpp"
#include "subprocess.hpp"
#include "temp_file.hpp"
#include "text.hpp"

namespace tool {

namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// Throws UsageError for what cannot be the name of a handler, and UserError for a user other than root.
void check_arguments(const std::string& handler) {
    constexpr std::size_t max_length = 24;  // with the prefix fettle_ it is the name of a system user
    const bool is_name = !handler.empty() && handler.size() <= max_length && handler[0] >= 'a' && handler[0] <= 'z' &&
                         std::ranges::all_of(handler, [](char c) {
                             return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
                         });
    if (!is_name) throw UsageError("'" + handler + "' is no name of a handler");
    if (geteuid() != 0) throw UserError("only root can deploy");
}

/// Locks the folder of the handlers as long as the descriptor is open: one deployment at a time, of any handler.
api::Descriptor lock_folder(const fs::path& folder) {
    api::Descriptor fd = open_directory(folder, "cannot open");
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        throw UserError("another deployment is at work; try again when it has ended");
    return fd;
}

/// A program that is to be installed, and the file that the user has named, which messages name.
struct Candidate {
    fs::path program, named;
};

/// Runs the candidate with one option, as the user and with the settings of the service.
ProcessResult run_candidate(const Candidate& candidate, const char* option, const Service& service,
                            const BlockedSignals& signals) {
    ProcessResult result = run({.program = candidate.program,
                                .arguments = {service.handler, option},
                                .time_limit = std::chrono::seconds(30),
                                .user = service.user,
                                .environment = service.environment,
                                .cancelled_by = &signals});
    if (signals.came()) throw UserError("a signal came; nothing was changed");
    if (!result.in_time)
        throw UserError(candidate.named.string() + ' ' + option + " does not end; nothing was changed");
    return result;
}

/// Throws UserError where the candidate is not this handler, or does not fit the database and the keys.
void check_candidate(const Candidate& candidate, const Service& service, const BlockedSignals& signals) {
    const std::string file = candidate.named.string();
    const ProcessResult description = run_candidate(candidate, "--describe", service, signals);
    boost::system::error_code parse_error;
    const boost::json::value value = boost::json::parse(description.output, parse_error);
    const boost::json::object* object = value.if_object();
    const boost::json::value* name = object ? object->if_contains("handler") : nullptr;
    if (!description.succeeded() || parse_error || !name || !name->is_string())
        throw UserError(file + " is no handler: --describe ends with " + describe_status(description.status) +
                        "; nothing was changed" +
                        (description.succeeded() ? "" : "\n" + trim_newlines(description.output)));
    if (name->get_string() != service.handler)
        throw UserError(file + " is the handler " + std::string(name->get_string()) + ", not " + service.handler +
                        "; nothing was changed");
    const ProcessResult check = run_candidate(candidate, "--check", service, signals);
    if (!check.succeeded())
        throw UserError(file + " does not fit, as the user " + service.user.name +
                        "; nothing was changed. --check ends with " + describe_status(check.status) + ":\n" +
                        trim_newlines(check.output));
}

/// The time since then as `1.2 s`.
std::string seconds_since(Clock::time_point start) {
    return format_decimal(std::chrono::duration<double>(Clock::now() - start).count()) + " s";
}

/// Restarts the service. An error on the way is a fault of the restart.
RestartResult try_restart(const Service& service, const BlockedSignals* cancelled_by) {
    try {
        return service.restart(cancelled_by);
    } catch (const std::exception& error) {
        return {std::string("could not be restarted: ") + error.what()};
    }
}

/// Goes back to the former program after a failed restart. `swap` is null where the same program was restarted; then
/// there is none to go back to. Always throws UserError.
[[noreturn]] void revert(const Service& service, const RestartResult& failed, ProgramSwap* swap,
                         long long restarted_at) {
    const auto start = Clock::now();
    const std::string journal = service.journal(restarted_at);
    if (swap) swap->revert();
    service.reset(failed.is_unresponsive);
    const RestartResult result = try_restart(service, nullptr);
    std::string message = "the new " + service.handler + ' ' + failed.fault;
    if (!swap)
        message += "; it is the one that was installed already, so there is none to go back to";
    else if (result.fault.empty())
        message += "; the former one serves again, after " + seconds_since(start);
    else
        message += "; the former one is back, and " + result.fault;
    if (!journal.empty()) message += ". Its journal:\n" + trim_newlines(journal);
    throw UserError(message);
}

/// Installs a file, or the former program where `file` is null, and waits until the handler is healthy.
void install(const std::string& handler, const fs::path* file) {
    const BlockedSignals signals;
    const Service service(handler);
    const fs::path folder = service.program.parent_path();
    const api::Descriptor lock = lock_folder(folder);
    ProgramSwap swap(service.program);
    const fs::path& source = file ? *file : swap.former();
    if (!file && !fs::exists(source)) throw UserError("no former " + handler + " was kept; `fettle deploy` keeps one");
    const TempFile copy(folder / ('.' + handler + ".new"));
    copy_program(source, copy.path);
    check_candidate({copy.path, source}, service, signals);

    const auto start = Clock::now();
    const long long restarted_at = std::time(nullptr);
    const bool is_other = !have_same_bytes(copy.path, service.program);
    if (is_other) swap.install(copy.path);
    const RestartResult result = try_restart(service, &signals);
    if (!result.fault.empty()) revert(service, result, is_other ? &swap : nullptr, restarted_at);
    if (is_other) swap.commit();
    std::cout << handler << (is_other ? " was deployed" : " is that already, and was restarted")
              << "; it was well after " << seconds_since(start) << '\n';
}

}  // namespace

int deploy(const Arguments& arguments) {
    const std::string& handler = arguments[0];
    check_arguments(handler);
    const fs::path file = arguments.size() > 1 ? fs::path(arguments[1]) : fs::path("build/handlers") / handler;
    if (arguments.size() == 1 && !fs::exists(file))
        throw UsageError("there is no " + file.string() + " in this folder; name the file");
    install(handler, &file);
    return 0;
}

int rollback(const Arguments& arguments) {
    check_arguments(arguments[0]);
    install(arguments[0], nullptr);
    return 0;
}

}  // namespace tool
