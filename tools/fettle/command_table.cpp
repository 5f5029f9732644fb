// The commands of fettle with their help.
#include "command_table.hpp"

namespace tool {

namespace {

constexpr const char *set_up = "Set up", *deployment = "Deploy", *accounts_and_keys = "Accounts, keys and settings",
                     *maintenance = "Check and maintain";

constexpr Command table[] = {
    {set_up, "migrate", "[keep-grants]", "Bring the database up to date",
     "Bring the database up to date with this release.\n"
     "\n"
     "In one transaction: applies the migrations that are new, creates functions and\n"
     "triggers again, and stores the permissions of this release and the privileges\n"
     "of the handlers' database roles. If one part fails, nothing is changed.\n"
     "PGUSER must be the owner of the database. While another migration runs, the\n"
     "command waits for up to 10 seconds, then fails.\n",
     "  keep-grants  Do not revoke privileges. An upgrade needs this while handlers of\n"
     "               the previous release still run.\n",
     "  fettle migrate\n", 0, 1, migrate},
    {set_up, "roles", "", "Restore the built-in roles and the permissions",
     "Restore the built-in roles and the permissions of this release.\n"
     "\n"
     "Creates the roles employee, manager and administrator if they are missing,\n"
     "makes the list of permissions that of this release, and gives administrator all\n"
     "permissions. A permission that you took from another role stays removed. Prints\n"
     "what was changed, and the number of permissions of each role.\n",
     "", "  fettle roles\n", 0, 0, roles},
    {set_up, "superuser", "USERNAME [EMAIL]", "Create a superuser, or make an account one",
     "Create a superuser, or make an existing account one.\n"
     "\n"
     "If the account exists, it becomes an active superuser and keeps its password;\n"
     "upper and lower case do not matter. If it does not exist, EMAIL is required: the\n"
     "account is created with the role employee. Its password is asked for twice, and\n"
     "not shown. Without a terminal, the first line of standard input is the password.\n",
     "  USERNAME  The name of the account.\n"
     "  EMAIL     The email address of a new account.\n",
     "  fettle superuser ann ann@example.org\n", 1, 2, superuser},
    {set_up, "example", "[if-empty]", "Fill an empty database with example data",
     "Fill an empty database with example data.\n"
     "\n"
     "The data are those of a workshop that has used Fettle for a year: people,\n"
     "equipment, meter readings, schedules, work orders, maintenance records, tasks.\n"
     "Prints a new random password, which all these people have, and some usernames.\n"
     "If there is equipment, or an account other than one superuser, the command fails\n"
     "and changes nothing. Do not use it for real work: no command removes the data.\n",
     "  if-empty  If the database is not empty, do nothing and exit with status 0.\n", "  fettle example\n", 0, 1,
     example},
    {deployment, "deploy", "HANDLER [FILE]", "Replace the binary of one handler; undo it if it fails",
     "Replace the binary of one handler, without a lost request.\n"
     "\n"
     "First runs FILE with --describe and --check as the user of the handler: it must\n"
     "be this handler, and fit the database and the keys. Then renames a copy into\n"
     "place and restarts the service. Its socket stays open, so clients wait. If the\n"
     "handler is not healthy within 10 seconds, or you press Ctrl-C, the previous\n"
     "binary is restored, and standard error says why. Needs root, and a handler that\n"
     "is installed and whose socket is active. One deployment can run at a time.\n",
     "  HANDLER  The name of the handler, as in /usr/lib/fettle/handlers.\n"
     "  FILE     The new binary (default build/handlers/HANDLER).\n",
     "  fettle deploy tasks build/handlers/tasks\n", 1, 2, deploy, false},
    {deployment, "rollback", "HANDLER", "Restore the previous binary of one handler",
     "Restore the previous binary of one handler, without a lost request.\n"
     "\n"
     "Installs the binary that served before the last `fettle deploy`, with the same\n"
     "checks and steps. The binary that it replaces becomes the previous one, so a\n"
     "second rollback undoes the first. Needs root. An upgrade to another release\n"
     "deletes the previous binaries: this command cannot undo it.\n",
     "  HANDLER  The name of the handler, as in /usr/lib/fettle/handlers.\n", "  fettle rollback tasks\n", 1, 1,
     rollback, false},
    {accounts_and_keys, "password", "USERNAME", "Set a new password for an account",
     "Set a new password for an account.\n"
     "\n"
     "The password is asked for twice, and not shown. Without a terminal, the first\n"
     "line of standard input is the password. All sessions of the account end, and its\n"
     "failed logins are forgotten. Its personal access tokens stay valid.\n",
     "  USERNAME  The name of the account; upper and lower case do not matter.\n", "  fettle password ann\n", 1, 1,
     password},
    {accounts_and_keys, "settings", "", "Print all settings with their defaults",
     "Print all settings with their meanings and defaults, as a file to edit.\n"
     "\n"
     "A new installation has this output as /etc/fettle/fettle.env, with the database\n"
     "and FETTLE_IDLE=600. Values in use are not shown; `fettle doctor` checks them.\n"
     "\n"
     "Settings are environment variables. Commands read those that are not set from\n"
     "one file:\n"
     "  $FETTLE_ENV             if this variable is set\n"
     "  $DATA/env               else if DATA is set, as for `make run`\n"
     "  build/run/env           else if it exists, for build/fettle\n"
     "  /etc/fettle/fettle.env  else\n"
     "PGHOST, PGPORT, PGDATABASE and PGUSER name the database. If it refuses root, the\n"
     "command continues as the system user that PGUSER names. Only fettle reads:\n"
     "  FETTLE_SOCKETS  The directory of the handlers' sockets (default /run/fettle).\n"
     "  FETTLE_SQL      Another directory with tables/, functions/, grants.sql and\n"
     "                  example.sql.\n",
     "", "  fettle settings | less\n", 0, 0, settings, false},
    {accounts_and_keys, "keys", "", "List the keys that sign tokens and URLs of files",
     "List the keys that sign tokens and URLs of files.\n"
     "\n"
     "Prints a line for each key: its use, its id, when it was created, and whether it\n"
     "signs, or only verifies what it signed before. Never shows a key itself. Creates\n"
     "the file of keys (FETTLE_KEYS) if it does not exist. `fettle keys rotate`\n"
     "creates new keys.\n",
     "", "  fettle keys\n", 0, 0, keys},
    {accounts_and_keys, "keys rotate", "", "Create new signing keys; sessions and URLs stay valid",
     "Create a new key for each use: tokens and URLs of files.\n"
     "\n"
     "The new keys sign from the next request on. The older keys still verify what\n"
     "they signed until that expires; a later rotation then removes them. Sessions and\n"
     "URLs of files stay valid.\n",
     "", "  fettle keys rotate\n", 0, 0, keys_rotate},
    {maintenance, "doctor", "", "Check the installation, and say how to correct it",
     "Check the installation, and say how to correct it.\n"
     "\n"
     "Prints a line for each finding. It begins with ok, warn or FAIL; if it is warn\n"
     "or FAIL, it says what to do. Checks settings, keys, storage, disk, time,\n"
     "sockets, handlers, nginx, database, messages, migrations, clock, permissions,\n"
     "grants, superusers, connections and audit. Asks each handler if it is healthy;\n"
     "this starts idle handlers. Changes nothing, and ends within a minute.\n"
     "Run it as root: only root and nginx can connect to the handlers' sockets.\n"
     "The exit status is 1 if a line begins with FAIL.\n",
     "", "  fettle doctor\n", 0, 0, doctor, false},
    {maintenance, "audit seal", "", "Add new rows of the audit trail to its hash chain",
     "Add new rows of the audit trail to its hash chain.\n"
     "\n"
     "Prints `sealed N rows; head POSITION HASH`. Keep a copy of this line on another\n"
     "machine: `fettle audit verify POSITION:HASH` compares it later. The timer\n"
     "fettle-audit-seal runs this command each minute. Writers do not wait for it.\n",
     "", "  fettle audit seal\n", 0, 0, audit_seal},
    {maintenance, "audit verify", "[POSITION:HASH]", "Find rows of the audit trail that were tampered with",
     "Find rows of the audit trail that were tampered with.\n"
     "\n"
     "Seals new rows, then checks the hash chain from its beginning. If a row was\n"
     "changed, added or removed, the exit status is 1, and standard error names the\n"
     "first such row. Compare it with a backup.\n",
     "  POSITION:HASH  From a copy of a line of `fettle audit seal`. The link at this\n"
     "                 position must have this hash. Only this finds that the end of\n"
     "                 the trail was cut off together with its links, or that the\n"
     "                 chain was rebuilt.\n",
     "  fettle audit verify\n", 0, 1, audit_verify},
    {maintenance, "schedules run", "", "Create the work orders that are due",
     "Create the work orders that are due by the schedules of preventive maintenance.\n"
     "\n"
     "A schedule is due when its day minus its lead days has come, or when the meter\n"
     "has reached its hours. Skips retired equipment, and schedules whose last work\n"
     "order is still open. Several runs at the same time create each work order once.\n"
     "Prints how many were created. The timer fettle-schedules runs it each hour.\n",
     "", "  fettle schedules run\n", 0, 0, schedules_run},
    {maintenance, "sweep", "", "Delete expired data and unused files",
     "Delete expired data and unused files.\n"
     "\n"
     "Deletes, at most 1,000 rows in a transaction:\n"
     "  - sessions and tokens that ended more than 30 days ago;\n"
     "  - failed logins and responses for an Idempotency-Key, older than 24 hours;\n"
     "  - stored files older than an hour that no document and no profile refers to.\n"
     "The audit trail keeps all its rows. Prints how many of each were deleted. Names\n"
     "documents and profiles whose file is missing; the exit status is then 1. The\n"
     "timer fettle-sweep runs it each day.\n",
     "", "  fettle sweep\n", 0, 0, sweep},
};

}  // namespace

std::span<const Command> all_commands() { return table; }

}  // namespace tool
