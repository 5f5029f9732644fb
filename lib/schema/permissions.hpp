// Every permission that an endpoint can require, with the built-in roles that have it.
#pragma once
#include <string_view>

namespace api {

/// A permission: its code `resource.action`, what it allows, and which built-in roles get it when it is first stored in
/// a database. The role `administrator` gets all permissions.
struct Permission {
    std::string_view code;
    std::string_view description;
    enum Holders { administrators, managers, employees } holders;
};

/// Permissions for the work first, then for accounts and roles. A handler with a code that is not in this list does not
/// compile; a code that no handler requires is not stored in the database.
inline constexpr Permission permissions[] = {
    {"tasks.create", "Create tasks.", Permission::employees},
    {"tasks.assign", "Assign tasks to other users.", Permission::managers},
    {"tasks.view_all", "See the tasks of all users.", Permission::managers},
    {"tasks.edit_all", "Change the tasks of all users.", Permission::managers},
    {"tasks.delete_all", "Delete the tasks of all users.", Permission::administrators},
    {"work_orders.create", "Create work orders: tasks for an item of equipment.", Permission::managers},
    {"equipment.edit", "Create, change and delete equipment, and delete meter readings.", Permission::administrators},
    {"maintenance.create", "Claim work orders, and record maintenance and meter readings.", Permission::employees},
    {"maintenance.edit_all", "Change and delete the maintenance records of all users.", Permission::managers},
    {"schedules.edit", "See, create, change and delete schedules of preventive maintenance.", Permission::managers},
    {"messages.send", "Send messages.", Permission::employees},
    {"reports.create", "Create reports.", Permission::employees},
    {"reports.view_all", "See the reports of all users, and the statistics.", Permission::managers},
    {"documents.create", "Upload documents.", Permission::employees},
    {"documents.view_all", "See the documents of all users.", Permission::administrators},
    {"users.edit", "Change the accounts and profiles of other users.", Permission::administrators},
    {"users.delete", "Deactivate accounts.", Permission::administrators},
    {"users.view_private",
     "See the private fields of other users: email, state of the account, registration and last login.",
     Permission::managers},
    {"roles.view", "See roles and permissions.", Permission::managers},
    {"roles.edit", "Create, change and delete roles.", Permission::administrators},
    {"roles.assign", "See and change the roles of users.", Permission::administrators},
    {"audit.view", "Read the audit trail.", Permission::administrators},
};

/// Instead of a permission: every authenticated user may call the endpoint.
inline constexpr std::string_view caller = "caller";
/// Instead of a permission: the endpoint requires no authentication.
inline constexpr std::string_view anyone = "anyone";

/// The permission with this code, or null.
constexpr const Permission* find_permission(std::string_view code) {
    for (const Permission& permission : permissions)
        if (permission.code == code) return &permission;
    return nullptr;
}

/// Whether this permission exists. For checks at compile time, where g++ 12 cannot compare a pointer with null under
/// -fsanitize=undefined.
constexpr bool is_permission(std::string_view code) {
    for (const Permission& permission : permissions)
        if (permission.code == code) return true;
    return false;
}

}  // namespace api
