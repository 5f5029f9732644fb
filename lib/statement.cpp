// How the parts of the one statement are spliced. Data-modifying parts must be top-level, so texts are spliced, not
// nested.
#include "statement.hpp"

#include <algorithm>
#include <set>

namespace api {

namespace {

std::string quoted(std::string_view name) { return '"' + std::string(name) + '"'; }

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
    std::string all;
    for (const std::string& part : parts) {
        if (!all.empty()) all += between;
        all += part;
    }
    return all;
}

bool has_part(std::string_view sql, std::string_view name) {
    for (const char* as : {" as (", " as materialized ("}) {
        std::size_t at = sql.find(std::string(name) + as);
        if (at != sql.npos && (at == 0 || !forms::is_name(sql[at - 1]))) return true;
    }
    return false;
}

/// One operation's statement, part by part.
struct Splice {
    const Operation& op;
    const Form& form = op.form;
    ObjectRef object = form.object;
    bool open = form.permissions[0] == anyone;
    bool writes = form.route.substr(0, 4) != "GET ";
    bool in_path = static_cast<bool>(object) &&
                   forms::has_parameter(forms::path_of(form.route), std::string(object->name) + "_id");
    bool names_a_row = in_path || !form.row.empty();
    bool is_plain = static_cast<bool>(object) && !has_part(form.sql, "answer");
    bool creates = is_plain && !names_a_row && form.route.substr(0, 5) == "POST ";
    bool has_references =
        op.has_body && is_plain && !creates &&
        std::any_of(op.in.begin(), op.in.end(), [](const Member& m) { return m.reference && !m.read_only; });
    std::string table = object ? std::string(object->table) : std::string();

    /// All SQL of which the statement is made, from the form and its objects.
    std::vector<std::string_view> texts() const {
        std::vector<std::string_view> all{form.sql, form.where, form.row};
        for (const Computed& computed : form.computed) all.push_back(computed.sql);
        for (const Rule& rule : form.rules) all.push_back(rule.when);
        for (const Fill& fill : form.fills) all.push_back(fill.sql);
        if (object) {
            if (names_a_row || op.is_page) all.insert(all.end(), object->visible.begin(), object->visible.end());
            for (const Computed& computed : object->computed) all.push_back(computed.sql);
        }
        for (const Member& m : op.in)
            if (m.reference && !m.read_only && is_plain) {
                all.insert(all.end(), m.reference->visible.begin(), m.reference->visible.end());
                all.push_back(m.reference->referable);
            }
        return all;
    }

    /// Every permission that the statement asks the caller's part for.
    std::vector<std::string> codes() const {
        std::set<std::string, std::less<>> all;
        for (std::string_view code : form.permissions)
            if (find_permission(code)) all.emplace(code);
        for (std::string_view text : texts())
            forms::scan(
                text, [](std::string_view) {}, [&](std::string_view code) { all.emplace(code); }, [](char) {});
        return {all.begin(), all.end()};
    }

    bool speaks_of(std::string_view what) const {
        auto all = texts();
        return std::any_of(all.begin(), all.end(), [&](std::string_view text) { return forms::contains(text, what); });
    }

    std::string me() const {
        // a column for each permission: a boolean is far cheaper to make and to read than an array of codes
        std::string may;
        for (const std::string& code : codes())
            may +=
                ",\n           (u.is_superuser or exists (select from user_roles ur join role_permissions rp using "
                "(role_id)\n"
                "                                       where ur.user_id = u.id and rp.code = '" +
                code +
                "'))\n"
                "           and (s.codes is null or '" +
                code + "' = any (s.codes)) as " + quoted(code);
        if (speaks_of("me.codes"))
            may +=
                ",\n           array(select p.code from permissions p\n"
                "                  where (u.is_superuser or exists (select from user_permissions held\n"
                "                                                    where held.user_id = u.id and held.code = "
                "p.code))\n"
                "                    and (s.codes is null or p.code = any (s.codes))) as codes";
        if (speaks_of("me.is_superuser")) may += ",\n           u.is_superuser and s.codes is null as is_superuser";
        return "me as materialized (\n"
               "    select u.id, s.id as session_id, s.kind,\n"
               "           case when not u.is_active then 'account_inactive'\n"
               "                when s.ended_as is not null then s.ended_as\n"
               "                when s.expires_at <= now() then 'session_expired' end as dead,\n"
               "           use_is_news(s.created_at, s.last_used_at) as unused" +
               may +
               (writes ? ",\n           set_config('fettle.caller', jsonb_build_array(u.id, s.id, :ip::text)::text, "
                         "true) as told"
                       : "") +
               "\n      from sessions s join users u on u.id = s.user_id\n"
               "     where s.key = :key::bytea\n)";
    }

    std::string asked() const {
        return find_permission(form.permissions[0]) ? "me." + quoted(form.permissions[0]) : "";
    }
    /// The caller is who it says and holds the permission: the condition under which anything is looked at.
    std::string alive() const {
        return "me.dead is null" + (asked().empty() ? "" : " and " + asked()) +
               (form.session_only ? " and me.kind = 'session'" : "");
    }

    std::string visible(std::string_view also = "") const {
        std::vector<std::string> ways;
        for (std::string_view way : object->visible) ways.emplace_back(way);
        // what the row itself tells is cheaper than what the caller may
        std::stable_partition(ways.begin(), ways.end(),
                              [](const std::string& way) { return !forms::contains(way, "may("); });
        std::string any = "(" + joined(ways, " or ") + ")";
        return also.empty() ? any : any + " and " + std::string(also);
    }

    /// The fields of `given` that refer to nothing that the caller may see, as one refusal; null where there are none.
    std::string no_such() const {
        std::string cases;
        for (const Member& m : op.in) {
            if (!m.reference || m.read_only) continue;
            Operation other{
                Form{.route = "GET /", .permissions = {caller}, .object = *m.reference}, {}, {}, false, false};
            std::string field = "given." + quoted(m.name);
            cases += std::string(cases.empty() ? "" : ",\n") + "               case when " + field + " is not null" +
                     // what is stored already may stay, also where it could not be chosen any more
                     (in_path ? " and " + field + " is distinct from (select stored." + quoted(m.name) + " from " +
                                    table + " stored where stored.id = :" + std::string(object->name) + "_id)"
                              : "") +
                     " and not exists (select from " + std::string(m.reference->table) + " it where it.id = " + field +
                     " and " + Splice{other}.visible(m.reference->referable) + ") then '" + m.name + "' end";
        }
        return cases.empty() ? "null::text" : "'no_such:' || nullif(concat_ws(',',\n" + cases + "), '')";
    }

    std::string referred() const {
        return "referred as materialized (\n    select " + no_such() +
               " as refusal\n      from me cross join jsonb_populate_record(null::" + table +
               ", :body) given\n     where " + alive() + "\n)";
    }

    /// Which rule forbids the work: bad input, what is forbidden, 412, conflicts. Evaluated anew on the newest row
    /// after a lock was waited for; hence `given` is a scalar subquery over `it`: a joined function would keep its old
    /// result.
    std::string refusal(bool row) const {
        std::string cases;
        auto add = [&](auto wanted) {
            for (const Rule& rule : form.rules)
                if (wanted(rule.status))
                    cases +=
                        "\n                when " + std::string(rule.when) + " then '" + std::string(rule.code) + "'";
        };
        add([](int status) { return status == 400; });
        add([](int status) { return status == 403 || status == 404; });
        if (row && writes) cases += "\n                when not it.version = any (:if_match::int[]) then 'stale'";
        add([](int status) { return status == 409; });
        if (cases.empty()) return "null::text";
        std::string choice = "case" + cases + " end";
        if (!row || !forms::contains(choice, "given.")) return choice;
        return "(select " + choice + " from jsonb_populate_record(it, :body) given)";
    }

    /// The row that the path or the form names, if the caller may see it.
    std::string named_row() const {
        return table + " it on " + (in_path ? "it.id = :" + std::string(object->name) + "_id" : std::string(form.row)) +
               "\n       and " + visible();
    }

    std::string seen() const {
        if (names_a_row)
            return "seen as materialized (\n    select it.*, " + refusal(true) + " as refusal\n      from me join " +
                   named_row() + "\n     where " + alive() + (writes ? "\n       for update of it" : "") + "\n)";
        if (creates)  // there is no row yet: `it` is null, and no lock is waited for, so the body is read once
            return "seen as materialized (\n    select given.*, coalesce(" + no_such() + ", " + refusal(false) +
                   ") as refusal\n      from me left join " + table +
                   " it on false cross join jsonb_populate_record(null::" + table + ", :body) given\n     where " +
                   alive() + "\n)";
        return "seen as materialized (\n    select me.id as caller, " + refusal(false) +
               " as refusal\n      from me\n     where " + alive() + "\n)";
    }

    std::string granted() const {
        return std::string("granted as (\n    select seen.* from seen") + (has_references ? ", referred" : "") +
               "\n     where seen.refusal is null" + (has_references ? " and referred.refusal is null" : "") + "\n)";
    }

    /// The members of the body that are columns the caller may set.
    std::vector<std::string> settable() const {
        std::vector<std::string> names;
        for (const Member& m : op.in)
            if (!m.read_only && !m.is_secret && !m.is_list) names.push_back(m.name);
        return names;
    }

    std::string answer() const {
        if (creates) {
            std::string columns, values;
            auto add = [&](std::string_view column, std::string value) {
                columns += (columns.empty() ? "" : ", ") + quoted(column);
                values += (values.empty() ? "" : ", ") + value;
            };
            for (const Fill& fill : form.fills) add(fill.column, std::string(fill.sql));
            for (const std::string& name : settable())
                if (std::none_of(form.fills.begin(), form.fills.end(), [&](const Fill& f) { return f.column == name; }))
                    add(name, "given." + quoted(name));
            return "answer as (\n    insert into " + table + " (" + columns + ")\n    select " + values +
                   "\n      from granted given cross join me\n    returning *\n)";
        }
        if (form.route.substr(0, 7) == "DELETE ")
            return "answer as (\n    delete from " + table +
                   " it using granted where it.id = granted.id\n    returning it.*\n)";
        std::string columns, values;
        auto set = [&](std::string_view column, std::string_view value) {
            columns += (columns.empty() ? "" : ", ") + quoted(column);
            values += (values.empty() ? "" : ", ") + std::string(value);
        };
        for (const std::string& name : settable()) set(name, "given." + quoted(name));
        for (const Fill& fill : form.fills) set(fill.column, fill.sql);
        return "answer as (\n    update " + table + " it\n       set (" + columns + ") = (select " + values +
               " from jsonb_populate_record(it, :body) given)\n"
               "      from granted\n     where it.id = granted.id\n    returning it.*\n)";
    }

    std::string columns(const Shape& shape) const {
        std::string all;
        for (const Member& m : shape) {
            if (!m.nested.empty()) {
                all += columns(m.nested);
                continue;
            }
            std::string expression = "it." + quoted(m.name);
            auto compute = [&](const List<Computed>& list) {
                for (const Computed& computed : list)
                    if (computed.member == m.name) expression = std::string(computed.sql);
            };
            if (object) compute(object->computed);
            compute(form.computed);
            all += ",\n       " + expression;
        }
        return all;
    }

    std::string caller_refusal() const {
        return std::string(
                   "case when me.id is null then 'not_authenticated'\n            when me.dead is not null then "
                   "me.dead") +
               (asked().empty() ? "" : "\n            when not " + asked() + " then 'permission_missing'") +
               (form.session_only ? "\n            when me.kind <> 'session' then 'session_required'" : "");
    }

    std::string whole() const {
        if (open)
            return "with " + std::string(form.sql) + "\nselect null as refusal, false as touch" + columns(op.out) +
                   "\n  from (values (true)) as one left join answer it on true" +
                   (has_part(form.sql, "me") ? " left join me on true" : "");
        if (is_plain && !writes)  // nothing to lock, nothing to decide
            return "with " + me() + "\nselect " + caller_refusal() +
                   "\n            when it.id is null then 'not_found' end as refusal,\n       me.unused as touch" +
                   columns(op.out) + "\n  from (values (true)) as one left join me on true left join " + named_row() +
                   " and " + alive();
        std::vector<std::string> parts;
        auto write = [&](std::string_view name, std::string text) {
            if (!has_part(form.sql, name)) parts.push_back(std::move(text));
        };
        write("me", me());
        if (has_references) write("referred", referred());
        write("seen", seen());
        write("granted", granted());
        const bool behind = forms::contains(form.sql, "answer");
        if (!form.sql.empty() && !(is_plain && behind)) parts.emplace_back(form.sql);
        if (is_plain) parts.push_back(answer());
        if (!form.sql.empty() && is_plain && behind) parts.emplace_back(form.sql);
        return "with " + joined(parts, ", ") + "\nselect " + caller_refusal() +
               (has_references ? "\n            when referred.refusal is not null then referred.refusal" : "") +
               (names_a_row ? "\n            when seen.id is null then 'not_found'" : "") +
               "\n            else seen.refusal end as refusal,\n       me.unused as touch" + columns(op.out) +
               "\n  from (values (true)) as one left join me on true" +
               (has_references ? " left join referred on true" : "") +
               " left join seen on true left join answer it on true";
    }

    // -- lists

    /// One limited branch per way to see, each without the rows of those before it: an OR would read the whole table.
    std::string branches(std::string_view columns, const std::vector<std::string>& conditions,
                         std::string_view tail) const {
        std::vector<std::string> all;
        std::string others;
        for (std::string_view way : object->visible) {
            std::string text =
                "(select " + std::string(columns) + " from " + table + " it where (" + std::string(way) + ")" + others;
            if (!form.where.empty()) text += " and " + std::string(form.where);
            for (const std::string& condition : conditions) text += " and " + condition;
            all.push_back(text + std::string(tail) + ")");
            others += " and (" + std::string(way) + ") is not true";
        }
        return joined(all, "\n        union all\n        ");
    }

    std::string page(const PageQuery& query) const {
        const bool descending = query.id_descending != query.backwards;
        bool mixed = false;
        std::string order;
        std::vector<std::string> keys;
        for (const PageQuery::Term& term : query.order) {
            const bool down = term.descending != query.backwards;
            mixed = mixed || down != descending;
            keys.push_back(sort_key(*term.member, term.descending));
            order += keys.back() + (down ? " desc, " : ", ");
        }
        order += descending ? "it.id desc" : "it.id";

        std::vector<std::string> conditions = query.conditions;
        if (query.after_cursor) {
            std::string left, right;
            for (std::size_t i = 0; i < keys.size(); ++i)
                left += keys[i] + ", ", right += ":cursor_" + std::to_string(i) + ", ";
            if (!mixed) {
                conditions.push_back("(" + left + "it.id) " + (descending ? "<" : ">") + " (" + right + ":cursor_id)");
            } else {
                // a > x or (a = x and (b < y or …)), with the first key bounded so that its index is used
                std::string after = std::string("it.id ") + (descending ? "<" : ">") + " :cursor_id";
                for (std::size_t i = keys.size(); i-- > 0;) {
                    std::string value = ":cursor_" + std::to_string(i);
                    bool down = query.order[i].descending != query.backwards;
                    after = "(" + keys[i] + (down ? " < " : " > ") + value + " or (" + keys[i] + " = " + value +
                            " and " + after + "))";
                    if (i == 0) after = keys[i] + (down ? " <= " : " >= ") + value + " and " + after;
                }
                conditions.push_back(after);
            }
        }
        std::string sql = "with " + me() + ", page as (\n    select it.* from me cross join lateral (\n        " +
                          branches("it.*", conditions, " order by " + order + " limit :limit") +
                          "\n    ) it\n     where " + alive() + "\n     order by " + order + " limit :limit\n)";
        if (query.counted)
            sql += ", total as (\n    select count(*) as rows from me cross join lateral (\n        " +
                   branches("1", query.conditions, query.exact ? "" : " limit " + std::to_string(most_counted + 1)) +
                   "\n    ) it\n     where " + alive() + "\n)";
        return sql + "\nselect " + caller_refusal() + " end as refusal,\n       me.unused as touch, " +
               (query.counted ? "total.rows" : "null") + " as total, it.id is not null as exists" + columns(op.out) +
               "\n  from (values (true)) as one left join me on true left join page it on true" +
               (query.counted ? " left join total on true" : "") + "\n order by " + order;
    }
};

}  // namespace

std::string sort_key(const Member& member, bool descending) {
    std::string column = "it." + quoted(member.name);
    if (!member.nullable) return column;
    if (!member.is_time)
        throw std::logic_error("a list is ordered by " + member.name + ", whose null has no place in an order");
    return "coalesce(" + column + (descending ? ", '-infinity')" : ", 'infinity')");
}

Statement numbered(std::string_view sql, bool authenticated) {
    Statement statement;
    forms::scan(
        sql,
        [&](std::string_view name) {
            auto found = std::find(statement.names.begin(), statement.names.end(), name);
            std::size_t number = static_cast<std::size_t>(found - statement.names.begin()) + 1;
            if (found == statement.names.end()) statement.names.emplace_back(name);
            statement.text += "$" + std::to_string(number);
        },
        [&](std::string_view code) { statement.text += authenticated ? "me." + quoted(code) : "false"; },
        [&](char c) { statement.text += c; });
    return statement;
}

Statement statement_of(const Operation& operation) {
    return numbered(Splice{operation}.whole(), operation.form.permissions[0] != anyone);
}

Statement statement_of(const Operation& operation, const PageQuery& page) {
    return numbered(Splice{operation}.page(page));
}

std::vector<std::string> codes_of(const Operation& operation) { return Splice{operation}.codes(); }

Statement caller_statement(const Operation& operation) {
    Splice splice{operation};
    return numbered(
        "with " + splice.me() + "\nselect " + splice.caller_refusal() +
        " end as refusal, me.unused as touch, me.id, me.kind\n  from (values (true)) as one left join me on true");
}

}  // namespace api
