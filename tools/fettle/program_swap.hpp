// Replaces the installed program of a handler, and keeps the previous one for a rollback.
#pragma once
#include <filesystem>

namespace tool {

/// The installed program of a handler and its previous one, which is kept in the folder `former` beside that of the
/// handlers. All changes are renames, so that a program of that name is installed at any moment. Errors are UserError.
class ProgramSwap {
public:
    /// Completes what a killed deployment has left unfinished.
    explicit ProgramSwap(const std::filesystem::path& installed);

    /// The program that `fettle rollback` installs. It may not exist.
    const std::filesystem::path& former() const { return former_; }
    /// Installs a program, and sets aside the installed one. Call commit() or revert() afterwards.
    void install(const std::filesystem::path& program);
    /// The program that was set aside becomes the previous one.
    void commit();
    /// The program that was set aside is installed again.
    void revert();

private:
    std::filesystem::path installed_, former_, aside_;
};

}  // namespace tool
