// fettle audit seal and audit verify: extends and checks the hash chain over the audit trail.
#include <algorithm>
#include <charconv>
#include <iostream>
#include <optional>

#include "base/unicode.hpp"
#include "command_database.hpp"
#include "commands.hpp"
#include "errors.hpp"
#include "sql/statement.hpp"
#include "text.hpp"

namespace tool {

namespace {

/// Adds the new rows to the chain, and returns the line for the journal.
std::string seal(api::Database& database) {
    const api::Rows result =
        database.query(api::numbered("select sealed, head, encode(hash, 'hex') from audit_seal()"), {});
    return "sealed " + with_noun(result.integer(), "row") + "; head " + std::string(result(0, 1)) + ' ' +
           std::string(result(0, 2));
}

/// A link of the chain that was recorded outside of the database: its position, and its hash in hexadecimal.
struct RecordedLink {
    std::string position, hash;
};

/// Parses POSITION:HASH. Throws UsageError if it is something else.
RecordedLink parse_link(std::string_view argument) {
    const std::string text = api::unicode::lower(argument);
    const std::size_t colon = std::min(text.find(':'), text.size());
    RecordedLink link{text.substr(0, colon), text.substr(std::min(colon + 1, text.size()))};
    long long position = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + colon, position);
    if (error != std::errc() || end != text.data() + colon || position < 1 || link.hash.size() != 64 ||
        link.hash.find_first_not_of("0123456789abcdef") != link.hash.npos)
        throw UsageError("'" + text + "' is not POSITION:HASH: a number of at least 1, and 64 hexadecimal digits");
    return link;
}

/// What the trail and the chain still have of a row: when it was written, the change, the changed row, its link.
std::string describe_row(api::Database& database, const std::string& audit_id) {
    const api::Rows row = database.query(api::numbered(R"(
        select to_char(a.at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), a.operation, a.table_name, a.row_id,
               to_char(s.sealed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), s.position
          from (values (:id::bigint)) as wanted (id)
          left join audit a on a.id = wanted.id left join audit_seals s on s.audit_id = wanted.id)"),
                                         {{"id", audit_id}});
    const auto text = [&](std::size_t column) { return std::string(row(0, column)); };
    std::string description = "audit row " + audit_id;
    if (!row.is_null(0, 0))
        description += " (" + text(0) + ", " + text(1) + " of row " + text(3) + " of " + text(2) + ")";
    if (!row.is_null(0, 5)) description += ", sealed at position " + text(5) + " on " + text(4) + ",";
    return description;
}

/// Throws UserError if audit_verify() has found an error in the chain.
void check_chain(api::Database& database, const std::string& fault, const std::string& audit_id, long long checked) {
    if (!fault.empty() && audit_id.empty())
        throw UserError("a link of the chain was removed: there is none at position " + std::to_string(checked + 1) +
                        ", but there are later ones");
    if (fault == "removed") throw UserError(describe_row(database, audit_id) + " was removed");
    if (fault == "changed")
        throw UserError(describe_row(database, audit_id) + " was changed, or its link in the chain was");
    if (fault == "added")
        throw UserError(describe_row(database, audit_id) +
                        " was added afterwards: the rows before and after it were sealed before it existed");
}

/// Throws UserError if the chain does not have this link.
void check_recorded_link(api::Database& database, const RecordedLink& recorded, long long checked) {
    const api::Rows stored =
        database.query(api::numbered("select encode(hash, 'hex') from audit_seals where position = :position::bigint"),
                       {{"position", recorded.position}});
    if (stored.size() == 0)
        throw UserError("the chain ends at position " + std::to_string(checked) + ", before the recorded position " +
                        recorded.position + ": its end was cut off");
    if (stored(0, 0) != recorded.hash)
        throw UserError("the link at position " + recorded.position +
                        " has another hash than the recorded one: the chain was rebuilt");
}

}  // namespace

int audit_seal(const Arguments&) {
    api::Database database("audit_seal", true);
    connect(database);
    std::cout << seal(database) << '\n';
    return 0;
}

int audit_verify(const Arguments& arguments) {
    std::optional<RecordedLink> recorded;
    if (!arguments.empty()) recorded = parse_link(arguments[0]);
    api::Database database("audit_verify", true);
    connect(database);
    std::cout << seal(database) << '\n' << std::flush;

    const api::Rows verdict = database.query(api::numbered("select fault, audit_id, checked from audit_verify()"), {});
    const long long checked = verdict.integer(0, 2);
    check_chain(database, std::string(verdict(0, 0)), std::string(verdict(0, 1)), checked);
    if (recorded) check_recorded_link(database, *recorded, checked);
    std::cout << with_noun(checked, "row") << (checked == 1 ? " is" : " are") << " unchanged since "
              << (checked == 1 ? "it was" : "they were") << " sealed\n";
    return 0;
}

}  // namespace tool
