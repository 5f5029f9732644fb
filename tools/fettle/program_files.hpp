// Copies, renames and compares the files of programs, so that a change survives a power failure.
#pragma once
#include <filesystem>

#include "base/descriptor.hpp"

namespace tool {

/// Opens a directory. Throws UserError that begins with `failed` and its path.
api::Descriptor open_directory(const std::filesystem::path& path, const char* failed);

/// Writes the entries of a directory to the disk. Throws UserError where that fails.
void sync_directory(const std::filesystem::path& path);

/// Renames a file, and writes the directory of the new name to the disk. Throws UserError where that fails.
void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);

/// Copies a program to a new file with the mode 0755, and writes it to the disk. Throws UserError where the first is
/// not an executable file, where the second exists, and where a system call fails.
void copy_program(const std::filesystem::path& from, const std::filesystem::path& to);

bool have_same_bytes(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace tool
