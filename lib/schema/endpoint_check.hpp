// What the compiler refuses about an endpoint, each with a sentence: facts that do not go together, names that do not
// exist, fields that are never read.
#pragma once
#include <algorithm>

#include "schema/endpoint_spec.hpp"

namespace api::endpoint_check {

using sql_text::contains;

/// How many of them are true.
template <class Which>
constexpr std::size_t count(const Which& which) {
    return static_cast<std::size_t>(std::count(which.begin(), which.end(), true));
}

/// The fields of a body: their names, and which of them are lists and files.
template <class Names, class Which>
struct Fields {
    const Names& names;
    const Which& lists;
    const Which& files;

    constexpr bool has(std::string_view name) const {
        return std::any_of(names.begin(), names.end(), [&](std::string_view field) { return field == name; });
    }
};

/// Refuses methods and paths that could not be served.
constexpr void check_routes(const EndpointSpec& spec) {
    const Route route(spec.route);
    const bool is_public = route.path.substr(0, 8) == "/api/v1/" || route.path.substr(0, 7) == "/media/";
    if (spec.internal && is_public) throw "What is .internal has no path in the API.";
    if (!spec.internal && !is_public) throw "The path of a .route begins with /api/v1/ or /media/; others go to .also.";
    for (std::string_view also : spec.also)
        if (!Route(also).has_parameters_of(route)) throw "A route of .also lacks a parameter of .route.";
}

/// Refuses a rule that could not be broken, or that could not say so.
constexpr void check_rule(const EndpointSpec& spec, const Rule& rule) {
    if (rule.detail.empty() || rule.code.empty()) throw "A rule needs a code and a sentence.";
    if (rule.kind == Rule::Kind::condition && rule.when.empty())
        throw "A rule without .when is a constraint(), absent() or thrown().";
    if (rule.kind == Rule::Kind::thrown) {
        if (!spec.run && !spec.prepare) throw "Without .prepare or .run nothing is thrown().";
        return;
    }
    for (std::string_view reserved : {"invalid", "no_such", "not_found", "stale", "permission_missing"})
        if (rule.code == reserved) throw "The code of a rule is none of the library's own.";
    if (!rule.field.empty() && !rule.name.empty()) throw "A rule that names a field says no other name.";
    if (contains(rule.detail, "{}") == rule.name.empty()) throw "A rule has .name where its sentence has {}.";
    if (!rule.field.empty() && rule.status != 400) throw "Only a rule of status 400 names a field.";
    if (rule.status != 403 && rule.status != 409 && rule.status != 400 && rule.status != 404)
        throw "The status of a rule is 400, 403, 404 or 409.";
}

/// Refuses facts of a list at an endpoint of one row, and the other way round; and a change without a row.
template <class F>
constexpr void check_facts(const EndpointSpec& spec, const F& fields, bool is_page, bool is_plain) {
    const Route route(spec.route);
    const bool is_post = route.method() == "POST";
    const bool names_a_row = !spec.row.empty() || (spec.resource && route.has_parameter(spec.resource->name, "_id"));
    if (!spec.resource && spec.sql.empty() && !spec.run) throw "An endpoint needs a .resource, .sql or .run.";
    if (spec.resource && spec.sql.empty() && !names_a_row && !is_post && !is_page && !spec.run)
        throw "The plain verb needs a row: {<name>_id} in the path, or .row.";
    if (spec.parent && !is_page && (!is_post || names_a_row)) throw "Only a creation or a list has a .parent.";
    if (spec.parent && !route.has_parameter(spec.parent->name, "_id") && !fields.has(spec.parent->name))
        throw "The id of a .parent is in the path, as {<name>_id}, or in the body.";
    if (!spec.server_set.empty() && (!is_plain || route.method() == "DELETE"))
        throw "Only a plain creation or change has .server_set.";
    for (const Rule& rule : spec.rules)
        if (rule.of_parent && !spec.parent) throw "A rule of_parent() needs a .parent.";
    for (const Rule& rule : spec.rules)
        if (!rule.when.empty() && (route.method() == "GET" || spec.permissions[0] == anyone))
            throw "Only what changes something for a caller has rules with .when.";
    if (is_page && !spec.resource) throw "A list needs a .resource.";
    if (!is_page && !spec.choices.empty()) throw "Only a list has .choices.";
    if (!spec.queries.empty() && !spec.run && !spec.prepare) throw "Without .prepare or .run no .queries are sent.";
    if (spec.resource && spec.resource->visible.empty()) throw "A resource needs at least one way to see it.";
    if (!spec.sql.empty() && !sql_text::has_part(spec.sql, "answer") && !is_plain)
        throw "The .sql of an endpoint has a part `answer as (…)`.";
    if (!spec.sql.empty() && spec.permissions[0] != anyone && !contains(spec.sql, "authorized") &&
        !(is_plain && contains(spec.sql, "answer")))
        throw "The .sql of an endpoint joins `authorized`: a row that is not joined with it is open to everybody.";
    const std::size_t files = count(fields.files);
    if (files > 1) throw "An upload is one file.";
    if (files > 0 && !is_post && route.method() != "PUT") throw "Only POST and PUT take a file.";
    if (files == 0 && spec.largest > 0) throw "Only an upload says how large a file may be.";
}

/// What SQL texts read, noted while they are checked.
struct Reads {
    bool file = false;
    bool fields[32]{};
};

/// Refuses a name that no group of parameters has; notes what is read.
template <class F>
constexpr void check_name(const EndpointSpec& spec, const F& fields, std::string_view whole, Reads& reads) {
    const ParameterName parameter(whole);
    const std::string_view group = parameter.group, name = parameter.name;
    if (group == "body" || group == "sent") {
        for (std::size_t i = 0; i < fields.names.size(); ++i)
            if (fields.names[i] == name) {
                if (fields.files[i])
                    throw "A file is no parameter: the SQL has :system.file_sha256, .file_size and .file_type.";
                reads.fields[i] = true;
                return;
            }
    } else if (group == "path") {
        if (Route(spec.route).has_parameter(name)) return;
    } else if (group == "extra") {
        if (index_of(spec.extra_params, name) >= 0) return;
    } else if (group == "system") {
        if (name == "file_sha256") reads.file = true;
        if (index_of(system_parameters, name) >= 0) return;
        if (count(fields.files) > 0 && index_of(file_parameters, name) >= 0) return;
    }
    throw "A :group.name in the SQL is no field of the body, no parameter of the path, not in .extra_params and not "
          "given by the library.";
}

/// Refuses SQL that reads what does not exist, and fields of the body that no SQL reads.
template <class F>
constexpr void check_sql(const EndpointSpec& spec, const F& fields, bool is_plain) {
    Reads reads;
    auto look = [&](std::string_view sql) {
        sql_text::scan(
            sql, [&](std::string_view name) { check_name(spec, fields, name, reads); },
            [](std::string_view code) {
                if (!is_permission(code)) throw "A has_permission(code) is not in lib/schema/permissions.hpp.";
            },
            [](char) {});
    };
    for (std::string_view sql : {spec.sql, spec.lock, spec.where, spec.row}) look(sql);
    for (std::string_view sql : spec.queries) look(sql);
    for (const Choice& choice : spec.choices) look(choice.where);
    for (const Computed& computed : spec.computed) look(computed.sql);
    for (const Rule& rule : spec.rules) look(rule.when), look(rule.name);
    for (const ServerSet& set : spec.server_set) look(set.sql);
    if (spec.parent)
        for (std::string_view way : spec.parent->visible) look(way);
    const bool is_upload = count(fields.files) > 0;
    if (is_upload && !reads.file && !spec.prepare && !spec.run)
        throw "The SQL of an upload reads :system.file_sha256: without it the file is not found again.";
    if (spec.resource) {
        for (std::string_view way : spec.resource->visible) look(way);
        for (const Computed& computed : spec.resource->computed) look(computed.sql);
        look(spec.resource->private_to);
        look(spec.resource->searched);
        for (const Attachment& to : spec.resource->attached)
            for (std::string_view way : to.resource->visible) look(way);
    }
    for (std::size_t i = 0; i < fields.names.size(); ++i)
        if (fields.lists[i] && !reads.fields[i] && is_plain)
            throw "A list in the body is no column: the .sql or .server_set must read it.";
    if (!spec.sql.empty() && !is_plain && !spec.run)
        for (std::size_t i = 0; i < fields.names.size(); ++i)
            if (!reads.fields[i] && !fields.files[i]) throw "A field of the body is never read by the SQL.";
}

/// Refuses an endpoint that could not work.
template <class F>
constexpr void check(const EndpointSpec& spec, const F& fields, bool is_page) {
    if (spec.route.empty()) throw "An endpoint needs a .route.";
    if (spec.summary.empty()) throw "An endpoint needs a .summary: a sentence for the documentation.";
    if (spec.permissions.size() != 1)
        throw "An endpoint needs exactly one of .permissions: caller, anyone or the code of a permission.";
    for (std::string_view code : spec.permissions)
        if (code != caller && code != anyone && !is_permission(code))
            throw "A permission of the endpoint is not in lib/schema/permissions.hpp.";
    check_routes(spec);
    // the library writes its work
    const bool is_plain =
        spec.resource && !sql_text::has_part(spec.sql, "answer") && Route(spec.route).method() != "GET" && !is_page;
    check_facts(spec, fields, is_page, is_plain);
    check_sql(spec, fields, is_plain);
    for (const Rule& rule : spec.rules) check_rule(spec, rule);
}

/// The same for the struct of a body.
template <class In>
constexpr void check(const EndpointSpec& spec, bool is_page) {
    const auto names = member_names<In>();
    const auto lists = is_list<In>(), files = is_file<In>();
    check(spec, Fields<decltype(names), decltype(lists)>{names, lists, files}, is_page);
}

}  // namespace api::endpoint_check
