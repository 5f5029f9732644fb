// The renames by which a program is replaced.
#include "program_swap.hpp"

#include <unistd.h>

#include "errors.hpp"
#include "program_files.hpp"

namespace tool {

namespace fs = std::filesystem;

ProgramSwap::ProgramSwap(const fs::path& installed)
    : installed_(installed), former_(installed.parent_path().parent_path() / "former" / installed.filename()) {
    fs::create_directories(former_.parent_path());
    aside_ = former_.parent_path() / ('.' + installed.filename().string() + ".aside");
    // A killed deployment may have left the program that was installed before it, or only a second name of the program
    // that is still installed. The second name is removed: rename(2) does nothing if both names are of the same file.
    std::error_code error;  // a file that does not exist is not the same file
    if (fs::equivalent(aside_, installed_, error) || fs::equivalent(aside_, former_, error)) unlink(aside_.c_str());
    if (fs::exists(aside_)) rename_durably(aside_, former_);
}

void ProgramSwap::install(const fs::path& program) {
    check_syscall(link(installed_.c_str(), aside_.c_str()), "cannot set aside ", installed_);
    sync_directory(aside_.parent_path());
    rename_durably(program, installed_);
}

void ProgramSwap::commit() { rename_durably(aside_, former_); }

void ProgramSwap::revert() { rename_durably(aside_, installed_); }

}  // namespace tool
