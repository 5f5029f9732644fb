// The one statement of a form that is no list, and the parts that lists share with it.
#include <algorithm>
#include <set>

#include "sql/statement_builder.hpp"

namespace api {

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
    std::string all;
    for (const std::string& part : parts) {
        if (!all.empty()) all += between;
        all += part;
    }
    return all;
}

bool Splice::has_part(std::string_view sql, std::string_view name) {
    for (const char* as : {" as (", " as materialized ("}) {
        std::size_t at = sql.find(std::string(name) + as);
        if (at != sql.npos && (at == 0 || !forms::is_name(sql[at - 1]))) return true;
    }
    return false;
}

std::vector<std::string_view> Splice::texts() const {
    std::vector<std::string_view> all{form.sql, form.where, form.row};
    for (const Computed& computed : form.computed) all.push_back(computed.sql);
    for (const Rule& rule : form.rules) all.insert(all.end(), {rule.when, rule.names});
    if (of) all.insert(all.end(), of->visible.begin(), of->visible.end());
    for (const Fill& fill : form.fills) all.push_back(fill.sql);
    for (const Choice& choice : form.choices) all.push_back(choice.where);
    if (object) {
        if (names_a_row || op.is_page) {
            all.insert(all.end(), object->visible.begin(), object->visible.end());
            for (const Attachment& to : object->attached)
                all.insert(all.end(), to.object->visible.begin(), to.object->visible.end());
        }
        for (const Computed& computed : object->computed) all.push_back(computed.sql);
    }
    for (const Member& m : op.in)
        if (m.reference && !m.read_only && is_plain) {
            all.insert(all.end(), m.reference->visible.begin(), m.reference->visible.end());
            all.push_back(m.reference->referable);
        }
    return all;
}

std::vector<std::string> Splice::codes() const {
    std::set<std::string, std::less<>> all;
    for (std::string_view code : form.permissions)
        if (find_permission(code)) all.emplace(code);
    for (std::string_view text : texts())
        forms::scan(
            text, [](std::string_view) {}, [&](std::string_view code) { all.emplace(code); }, [](char) {});
    return {all.begin(), all.end()};
}

bool Splice::speaks_of(std::string_view what) const {
    auto all = texts();
    return std::any_of(all.begin(), all.end(), [&](std::string_view text) { return forms::contains(text, what); });
}

std::string Splice::me() const {
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

std::string Splice::asked() const {
    return find_permission(form.permissions[0]) ? "me." + quoted(form.permissions[0]) : "";
}
std::string Splice::alive() const {
    return "me.dead is null" + (asked().empty() ? "" : " and " + asked()) +
           (form.session_only ? " and me.kind = 'session'" : "");
}

namespace {

/// SQL over `it` as the same over another alias.
std::string renamed(std::string_view sql, std::string_view alias) {
    std::string text;
    for (std::size_t i = 0; i < sql.size();) {
        if (sql.substr(i, 3) == "it." && (i == 0 || !forms::is_name(sql[i - 1]))) {
            text += std::string(alias) + '.';
            i += 3;
        } else {
            text += sql[i++];
        }
    }
    return text;
}

}  // namespace

std::vector<std::string> Splice::ways() const {
    std::vector<std::string> all;
    for (std::string_view way : object->visible) all.emplace_back(way);
    // a way of its own for each way to see the other row: the planner can then begin there
    for (const Attachment& to : object->attached)
        for (std::string_view way : to.object->visible)
            all.push_back("it." + quoted(to.column) + " is not null and exists (select from " +
                          std::string(to.object->table) + " attached where attached.id = it." + quoted(to.column) +
                          " and (" + renamed(way, "attached") + "))");
    return all;
}

std::string Splice::visible(std::string_view also) const {
    std::vector<std::string> ways = this->ways();
    // what the row itself tells is cheaper than what the caller may
    std::stable_partition(ways.begin(), ways.end(),
                          [](const std::string& way) { return !forms::contains(way, "may("); });
    std::string any = "(" + joined(ways, " or ") + ")";
    return also.empty() ? any : any + " and " + std::string(also);
}

std::string Splice::visible(const Object& other, std::string_view also) {
    Operation operation{Form{.route = "GET /", .permissions = {caller}, .object = other}, {}, {}};
    return Splice{operation}.visible(also);
}

std::string Splice::no_such() const {
    std::string cases;
    for (const Member& m : op.in) {
        if (!m.reference || m.read_only) continue;
        const std::string field = "given." + quoted(m.name);
        // an offset keeps it what it is, one look into an index: a plan that was made while there were few such objects
        // would else read all of them
        auto is_missing = [&](const std::string& id, std::string_view offset = "") {
            return " not exists (select from " + std::string(m.reference->table) + " it where it.id = " + id + " and " +
                   visible(*m.reference, m.reference->referable) + std::string(offset) + ")";
        };
        cases += std::string(cases.empty() ? "" : ",\n") + "               case when ";
        if (m.is_list)
            cases += "exists (select from jsonb_array_elements_text(:" + m.name + "::jsonb) named (id) where" +
                     is_missing("named.id::bigint", " offset 0") + ")";
        else
            cases += field + " is not null" +
                     // what is stored already may stay, also where it could not be chosen any more; of a row that is
                     // hidden nobody learns in this way what it refers to
                     (in_path ? " and " + field + " is distinct from (select it." + quoted(m.name) + " from " + table +
                                    " it where it.id = :" + std::string(object->name) + "_id and " +
                                    visible(form.where) + ")"
                              : "") +
                     " and" + is_missing(field);
        cases += " then '" + m.name + "' end";
    }
    return cases.empty() ? "null::text" : "'no_such:' || nullif(concat_ws(',',\n" + cases + "), '')";
}

std::string Splice::referred() const {
    return "referred as materialized (\n    select " + no_such() +
           " as refusal\n      from me cross join jsonb_populate_record(null::" + table +
           ", :body) given\n     where " + alive() + "\n)";
}

std::string Splice::parent() const {
    return "parent as materialized (\n    select it.*\n      from me join " + std::string(of->table) +
           " it on it.id = :" + std::string(of->name) + (of_in_path ? "_id" : "") + "\n       and " + visible(*of) +
           "\n     where " + alive() + (writes ? "\n       for no key update of it" : "") + "\n)";
}

std::string Splice::refusal(bool row) const {
    std::string cases;
    std::vector<std::string> faults;  // every field at fault is named at once
    auto add = [&](auto wanted) {
        for (const Rule& rule : form.rules) {
            if (!wanted(rule.status) || rule.when.empty()) continue;
            const std::string code(rule.code), when = "when " + std::string(rule.when) + " then ";
            // concat: a name that is not found must not make the refusal null
            const std::string then =
                rule.names.empty() ? "'" + code + "'" : "concat('" + code + ":', " + std::string(rule.names) + ")";
            if (rule.field.empty())
                cases += "\n                " + when + then;
            else
                faults.push_back("\n               case " + when + then + " end");
        }
    };
    add([](int status) { return status == 400; });
    add([](int status) { return status == 403 || status == 404; });
    if (row && writes) cases += "\n                when not it.version = any (:if_match::int[]) then 'stale'";
    add([](int status) { return status == 409; });
    if (cases.empty() && faults.empty()) return "null::text";
    std::string choice = cases.empty() ? "" : "case" + cases + " end";
    if (!faults.empty())
        choice = "coalesce('faults:' || nullif(concat_ws(','," + joined(faults, ",") + "), '')" +
                 (choice.empty() ? "" : ",\n               " + choice) + ")";
    if (!row || !forms::contains(choice, "given.")) return choice;
    return "(select " + choice + " from jsonb_populate_record(it, :body) given)";
}

std::string Splice::named_row() const {
    return table + " it on " + (in_path ? "it.id = :" + std::string(object->name) + "_id" : std::string(form.row)) +
           "\n       and " + visible(form.where);
}

std::string Splice::seen() const {
    if (names_a_row)
        return "seen as materialized (\n    select it.*, " + refusal(true) + " as refusal\n      from me join " +
               named_row() + "\n     where " + alive() + (writes ? "\n       for update of it" : "") + "\n)";
    if (creates)  // there is no row yet: `it` is null, and no lock is waited for, so the body is read once
        return "seen as materialized (\n    select given.*, coalesce(" + no_such() + ", " +
               // seen by the check of references, and deleted while its lock was waited for: no rule is about nothing
               (of && !of_in_path ? "case when " + std::string(of->name) +
                                        ".id is null then 'no_such:" + std::string(of->name) + "' end, "
                                  : "") +
               refusal(false) + ") as refusal\n      from me left join " + table +
               " it on false cross join jsonb_populate_record(null::" + table + ", :body) given" +
               (of ? " left join parent " + std::string(of->name) + " on true" : "") + "\n     where " + alive() +
               "\n)";
    return "seen as materialized (\n    select me.id as caller, " + refusal(false) +
           " as refusal\n      from me\n     where " + alive() + "\n)";
}

std::string Splice::granted() const {
    return std::string("granted as (\n    select seen.* from seen") + (has_references ? ", referred" : "") +
           (of ? ", parent" : "") + "\n     where seen.refusal is null" +
           (has_references ? " and referred.refusal is null" : "") + "\n)";
}

std::vector<std::string> Splice::settable() const {
    std::vector<std::string> names;
    for (const Member& m : op.in)
        if (!m.read_only && !m.is_secret && !m.is_list && !m.is_file) names.push_back(m.name);
    return names;
}

std::string Splice::answer() const {
    if (form.route.substr(0, 7) == "DELETE ")
        return "answer as (\n    delete from " + table +
               " it using granted where it.id = granted.id\n    returning it.*\n)";
    std::string columns, values;
    auto set = [&](std::string_view column, std::string_view value) {
        columns += (columns.empty() ? "" : ", ") + quoted(column);
        values += (values.empty() ? "" : ", ") + std::string(value);
    };
    for (const Fill& fill : form.fills) set(fill.column, fill.sql);
    for (const std::string& name : settable())
        if (std::none_of(form.fills.begin(), form.fills.end(), [&](const Fill& f) { return f.column == name; }))
            set(name, "given." + quoted(name));
    if (creates)
        return "answer as (\n    insert into " + table + " (" + columns + ")\n    select " + values +
               "\n      from granted given cross join me" + (of ? " cross join parent " + std::string(of->name) : "") +
               "\n    returning *\n)";
    return "answer as (\n    update " + table + " it\n       set (" + columns + ") = (select " + values +
           " from jsonb_populate_record(it, :body) given)\n"
           "      from granted" +
           (forms::contains(values, "me.") ? " cross join me" : "") +
           "\n     where it.id = granted.id\n    returning it.*\n)";
}

std::string Splice::columns(const Shape& shape) const {
    std::string all;
    for (const Member& m : shape) {
        if (!m.nested.empty()) {
            all += columns(m.nested);
            continue;
        }
        std::string expression = "it." + quoted(m.name);
        auto compute = [&](const auto& list) {
            for (const Computed& computed : list)
                if (computed.member == m.name) expression = std::string(computed.sql);
        };
        if (object) compute(object->computed);
        compute(form.computed);
        all += ",\n       " + expression;
    }
    return all;
}

std::string Splice::caller_refusal() const {
    return std::string(
               "case when me.id is null then 'not_authenticated'\n            when me.dead is not null then "
               "me.dead") +
           (asked().empty() ? "" : "\n            when not " + asked() + " then 'permission_missing'") +
           (form.session_only ? "\n            when me.kind <> 'session' then 'session_required'" : "");
}

std::string Splice::whole() const {
    if (open)
        return "with " + std::string(form.sql) + "\nselect null as refusal, false as touch, " +
               (has_part(form.sql, "me") ? "me.id" : "null") + " as caller" + columns(op.out) +
               "\n  from (values (true)) as one left join answer it on true" +
               (has_part(form.sql, "me") ? " left join me on true" : "");
    if (is_plain && !writes)  // nothing to lock, nothing to decide
        return "with " + me() + "\nselect " + caller_refusal() +
               "\n            when it.id is null then 'not_found' end as refusal,\n       me.unused as touch, me.id as caller" +
               columns(op.out) + "\n  from (values (true)) as one left join me on true left join " + named_row() +
               " and " + alive();
    std::vector<std::string> parts;
    auto write = [&](std::string_view name, std::string text) {
        if (!has_part(form.sql, name)) parts.push_back(std::move(text));
    };
    write("me", me());
    if (has_references) write("referred", referred());
    if (of) write("parent", parent());
    write("seen", seen());
    write("granted", granted());
    const bool behind = forms::contains(form.sql, "answer");
    if (!form.sql.empty() && !(is_plain && behind)) parts.emplace_back(form.sql);
    if (is_plain) parts.push_back(answer());
    if (!form.sql.empty() && is_plain && behind) parts.emplace_back(form.sql);
    return "with " + joined(parts, ", ") + "\nselect " + caller_refusal() +
           (has_references ? "\n            when referred.refusal is not null then referred.refusal" : "") +
           (names_a_row ? "\n            when seen.id is null then 'not_found'" : "") +
           (of_in_path ? "\n            when parent.id is null then 'not_found'" : "") +
           "\n            else seen.refusal end as refusal,\n       me.unused as touch, me.id as caller" +
           columns(op.out) + "\n  from (values (true)) as one left join me on true" +
           (has_references ? " left join referred on true" : "") + (of ? " left join parent on true" : "") +
           " left join seen on true left join answer it on true";
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

std::vector<std::string> codes_of(const Operation& operation) { return Splice{operation}.codes(); }

Statement caller_statement(const Operation& operation) {
    Splice splice{operation};
    return numbered(
        "with " + splice.me() + "\nselect " + splice.caller_refusal() +
        " end as refusal, me.unused as touch, me.id as caller, me.kind\n  from (values (true)) as one left join me on true");
}

Statement key_statement(const Operation& operation) {
    Splice splice{operation};
    // 24 hours old, it is as good as new
    return numbered(
        "with " + splice.me() +
        R"(, taken as (
    insert into idempotency_keys (user_id, route, key, digest)
    select me.id, :route, :idempotency_key, :digest from me
     where )" +
        splice.alive() +
        R"(
        on conflict (user_id, route, key) do update
       set digest = excluded.digest, status = null, headers = null, body = null, created_at = now()
     where idempotency_keys.created_at <= now() - interval '24 hours'
    returning user_id
)
select )" +
        splice.caller_refusal() +
        R"( end as refusal, me.unused as touch, me.id as caller, me.kind, taken.user_id is not null as is_free
  from (values (true)) as one left join me on true left join taken on true)");
}

}  // namespace api
