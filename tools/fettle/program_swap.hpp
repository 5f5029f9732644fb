// Replaces the installed program of a handler, and keeps the former one to go back to.
#pragma once
#include <filesystem>

namespace tool {

/// The installed program of a handler and its former one, which is kept in the folder `former` beside that of the
/// handlers. All changes are renames, so that a program of that name is installed at any moment. Errors are UserError.
class ProgramSwap {
public:
    /// Finishes what a killed deployment has left.
    explicit ProgramSwap(const std::filesystem::path& installed);

    /// The program that `fettle rollback` installs. It may not exist.
    const std::filesystem::path& former() const { return former_; }
    /// Installs a program, and sets the one before aside. Then either commit() or revert() is to be called.
    void install(const std::filesystem::path& program);
    /// The program set aside becomes the former one.
    void commit();
    /// The program set aside is installed again.
    void revert();

private:
    std::filesystem::path installed_, former_, aside_;
};

}  // namespace tool
