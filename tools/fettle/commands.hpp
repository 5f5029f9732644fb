// The entry point of each command of fettle; the table in command_table.cpp names them.
#pragma once
#include <string>
#include <vector>

namespace tool {

/// The words after the name of the command.
using Arguments = std::vector<std::string>;

// Each returns the exit status. It throws UserError, UsageError (errors.hpp) or an error of api::Database.
int migrate(const Arguments& arguments);        // migrate.cpp
int roles(const Arguments& arguments);          // roles.cpp
int superuser(const Arguments& arguments);      // accounts.cpp
int password(const Arguments& arguments);       // accounts.cpp
int keys(const Arguments& arguments);           // keys.cpp
int keys_rotate(const Arguments& arguments);    // keys.cpp
int audit_seal(const Arguments& arguments);     // audit.cpp
int audit_verify(const Arguments& arguments);   // audit.cpp
int schedules_run(const Arguments& arguments);  // schedules.cpp
int sweep(const Arguments& arguments);          // sweep.cpp
int doctor(const Arguments& arguments);         // doctor.cpp
int deploy(const Arguments& arguments);         // deploy.cpp
int rollback(const Arguments& arguments);       // deploy.cpp
int settings(const Arguments& arguments);       // settings.cpp
int example(const Arguments& arguments);        // example.cpp

}  // namespace tool
