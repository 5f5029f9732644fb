// Copies, renames and compares the files of programs, so that a change survives a power failure.
#pragma once
#include <filesystem>

#include "base/descriptor.hpp"

namespace tool {

/// Opens a directory. Throws UserError whose message begins with `failed` and the path.
api::Descriptor open_directory(const std::filesystem::path& path, const char* failed);

/// Writes the entries of a directory to the disk. Throws UserError if that fails.
void sync_directory(const std::filesystem::path& path);

/// Renames a file, and writes the directory of the new name to the disk. Throws UserError if that fails.
void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);

/// Copies a program to a new file with the mode 0755, and writes it to the disk. Throws UserError if `from` is not an
/// executable file, if `to` exists, or if a system call fails.
void copy_program(const std::filesystem::path& from, const std::filesystem::path& to);

bool have_same_bytes(const std::filesystem::path& a, const std::filesystem::path& b);

}  // namespace tool
