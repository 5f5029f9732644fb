// Compares the files of the storage with the rows that refer to them.
#pragma once
#include "sql/database.hpp"

namespace tool {

/// What sweep_files() did.
struct SweptFiles {
    long long removed = 0;
    long long kept = 0;  ///< not removed, because they are older than the database
};

/// Removes the files of the storage that no row refers to. Keeps those that are younger than an hour or older than the
/// database. Never touches anything else: no link, no file with another kind of name, nothing outside of the storage.
/// Throws UserError if the storage cannot be read or changed.
SweptFiles sweep_files(api::Database& database);

/// Prints to standard error the rows whose file is missing or has another size. Returns the number of these files.
long long report_missing_files(api::Database& database);

}  // namespace tool
