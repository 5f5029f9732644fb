// fettle audit seal and audit verify: the chain over the audit trail.
#include <algorithm>
#include <charconv>
#include <iostream>
#include <optional>

#include "command.hpp"
#include "sql/statement.hpp"
#include "base/unicode.hpp"

namespace tool {

namespace {

/// Seals, and returns the line for the journal.
std::string seal(api::Database& database) {
    api::Rows done = database.query(api::numbered("select sealed, head, encode(hash, 'hex') from audit_seal()"), {});
    return "sealed " + counted(std::stoll(std::string(done(0, 0))), "row") + "; head " + std::string(done(0, 1)) + ' ' +
           std::string(done(0, 2));
}

/// A link that somebody noted down outside: its position, and its hash in hexadecimal.
struct Noted {
    std::string position, hash;
};

Noted noted(std::string_view given) {
    const std::string text = api::unicode::lower(given);
    const std::size_t colon = std::min(text.find(':'), text.size());
    Noted link{text.substr(0, colon), text.substr(std::min(colon + 1, text.size()))};
    long long position = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + colon, position);
    if (error != std::errc() || end != text.data() + colon || position < 1 || link.hash.size() != 64 ||
        link.hash.find_first_not_of("0123456789abcdef") != link.hash.npos)
        throw Misuse("'" + text + "' is not POSITION:HASH, a number from 1 and 64 hexadecimal digits");
    return link;
}

/// What the trail and the chain still tell of a row: when, what was done to which row.
std::string described(api::Database& database, const std::string& audit_id) {
    api::Rows row = database.query(api::numbered(R"(
        select to_char(a.at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), a.operation, a.table_name, a.row_id,
               to_char(s.sealed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), s.position
          from (values (:id::bigint)) as wanted (id)
          left join audit a on a.id = wanted.id left join audit_seals s on s.audit_id = wanted.id)"),
                                   {{"id", audit_id}});
    std::string text = "audit row " + audit_id;
    if (!row.is_null(0, 0))
        text += " (" + std::string(row(0, 0)) + ", " + std::string(row(0, 1)) + " of row " + std::string(row(0, 3)) +
                " of " + std::string(row(0, 2)) + ")";
    if (!row.is_null(0, 5))
        text += ", sealed at position " + std::string(row(0, 5)) + " on " + std::string(row(0, 4)) + ",";
    return text;
}

}  // namespace

int audit_seal(const Arguments&) {
    api::Database database("audit_seal", true);
    open(database);
    std::cout << seal(database) << '\n';
    return 0;
}

int audit_verify(const Arguments& arguments) {
    std::optional<Noted> outside;
    if (!arguments.empty()) outside = noted(arguments[0]);
    api::Database database("audit_verify", true);
    open(database);
    std::cout << seal(database) << std::endl;

    api::Rows verdict = database.query(api::numbered("select fault, audit_id, checked from audit_verify()"), {});
    const std::string fault(verdict(0, 0)), audit_id(verdict(0, 1)), checked(verdict(0, 2));
    if (!fault.empty() && audit_id.empty())
        throw Complaint("a link of the chain was removed: there is none at position " +
                        std::to_string(std::stoll(checked) + 1) + ", after which others follow");
    if (fault == "removed") throw Complaint(described(database, audit_id) + " was removed");
    if (fault == "changed") throw Complaint(described(database, audit_id) + " was changed, or its link was");
    if (fault == "added")
        throw Complaint(described(database, audit_id) +
                        " was added afterwards: its neighbours had been sealed before it was there");

    if (outside) {
        api::Rows link = database.query(
            api::numbered("select encode(hash, 'hex') from audit_seals where position = :position::bigint"),
            {{"position", outside->position}});
        if (link.size() == 0)
            throw Complaint("the chain ends at position " + checked + ", before the position " + outside->position +
                            " that was noted: its end was cut off");
        if (link(0, 0) != outside->hash)
            throw Complaint("the link at position " + outside->position +
                            " has another hash than the one that was noted: the chain was made anew");
    }
    std::cout << counted(std::stoll(checked), "row") << (checked == "1" ? " is as it was" : " are as they were")
              << " sealed\n";
    return 0;
}

}  // namespace tool
