// Writes the caller's part of a statement.
#include "sql/caller.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "sql/refusal_builder.hpp"
#include "sql/template.hpp"

namespace api {

using sql_text::quoted;

std::vector<std::string_view> CallerSql::texts() const {
    const EndpointSpec& spec = op_.spec;
    std::vector<std::string_view> all{spec.sql, spec.where, spec.row};
    auto add = [&](const auto& texts) { all.insert(all.end(), texts.begin(), texts.end()); };
    for (const Computed& computed : spec.computed) all.push_back(computed.sql);
    for (const Rule& rule : spec.rules) all.insert(all.end(), {rule.when, rule.name});
    if (spec.parent) add(spec.parent->visible);
    for (const ServerSet& set : spec.server_set) all.push_back(set.sql);
    for (const Choice& choice : spec.choices) all.push_back(choice.where);
    if (spec.resource) {
        if (op_.names_a_row || op_.is_page) {
            add(spec.resource->visible);
            for (const Attachment& to : spec.resource->attached) add(to.resource->visible);
        }
        for (const Computed& computed : spec.resource->computed) all.push_back(computed.sql);
        all.push_back(spec.resource->private_to);
    }
    for (const Member& member : op_.body)
        if (member.is_sent_reference() && op_.has_sent_references) {
            add(member.reference->visible);
            all.push_back(member.reference->referable);
        }
    return all;
}

std::vector<std::string> CallerSql::permissions() const {
    std::set<std::string, std::less<>> all;
    for (std::string_view code : op_.spec.permissions)
        if (find_permission(code)) all.emplace(code);
    for (std::string_view text : texts())
        sql_text::scan(text, [](std::string_view) {}, [&](std::string_view code) { all.emplace(code); }, [](char) {});
    return {all.begin(), all.end()};
}

bool CallerSql::mentions(std::string_view what) const {
    const auto all = texts();
    return std::ranges::any_of(all, [&](std::string_view text) { return sql_text::contains(text, what); });
}

std::string CallerSql::part() const {
    std::vector<std::string> columns;
    for (const std::string& code : permissions())
        columns.push_back("'" + code + "' = any (s.permissions) as " + quoted(code) + ",");
    if (mentions("me.codes")) columns.emplace_back("s.permissions as codes,");
    if (mentions("me.is_superuser")) columns.emplace_back("s.is_superuser,");
    // the audit trigger stores these values with each change
    if (op_.writes) columns.emplace_back("set_caller(s.user_id, s.id, :system.ip) as set_for_audit,");
    // One probe of one index: the rights are in the row of the session (sql/functions/user_rights.sql). The account is
    // read only if the session has ended, as all sessions have when their account is deactivated.
    return fill(R"(
me as (
    select s.user_id as id, s.id as session_id, s.kind,
           {columns}
           case when s.ended_as is not null
                then case when (select u.is_active from users u where u.id = s.user_id) then s.ended_as else 'account_inactive' end
                when s.expires_at <= now() then 'session_expired' end as denied_as,
           should_touch_session(s.created_at, s.last_used_at) as should_touch
      from sessions s
     where s.key = :system.session_key
))",
                {{"columns", join(columns, "\n")}});
}

std::string CallerSql::required() const {
    return op_.required_permission().empty() ? "" : "me." + quoted(op_.required_permission());
}

std::string CallerSql::admitted() const {
    return "me.denied_as is null" + (required().empty() ? "" : " and " + required()) +
           (op_.spec.session_only ? " and me.kind = 'session'" : "");
}

std::string CallerSql::denials() const {
    std::string cases = "when me.id is null then " + refusal_literal("not_authenticated") +
                        "\nwhen me.denied_as is not null then jsonb_build_object('code', me.denied_as)";
    if (!required().empty()) cases += "\nwhen not " + required() + " then " + refusal_literal("permission_missing");
    if (op_.spec.session_only) cases += "\nwhen me.kind <> 'session' then " + refusal_literal("session_required");
    return cases;
}

Statement caller_statement(const Operation& operation) {
    const CallerSql caller(operation);
    return numbered(fill(R"(
with
{me}
select case {denials} end as refusal,
       me.should_touch as touch, me.id as caller, me.kind
  from (values (true)) as one left join me on true)",
                         {{"me", caller.part()}, {"denials", caller.denials()}}),
                    ParameterTypes(operation));
}

}  // namespace api
