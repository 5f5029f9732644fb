// Compile-time checks of an endpoint: contradicting facts, unknown names, fields that are never read. Each error is a
// sentence.
#pragma once
#include <algorithm>

#include "schema/endpoint_spec.hpp"

namespace api::endpoint_check {

using sql_text::contains;

/// How many elements are true.
template <class Which>
constexpr std::size_t count(const Which& which) {
    return static_cast<std::size_t>(std::count(which.begin(), which.end(), true));
}

/// The fields of a body: their names, and which of them are lists or files.
template <class Names, class Which>
struct Fields {
    const Names& names;
    const Which& lists;
    const Which& files;

    constexpr bool has(std::string_view name) const {
        return std::any_of(names.begin(), names.end(), [&](std::string_view field) { return field == name; });
    }
};

/// Checks methods and paths.
constexpr void check_routes(const EndpointSpec& spec) {
    const Route route(spec.route);
    const bool is_public = route.path.substr(0, 8) == "/api/v1/" || route.path.substr(0, 7) == "/media/";
    if (spec.internal && is_public) throw "An .internal endpoint must not have a path of the API.";
    if (!spec.internal && !is_public)
        throw "The path of a .route must begin with /api/v1/ or /media/; other paths belong in .also.";
    for (std::string_view also : spec.also)
        if (!Route(also).has_parameters_of(route)) throw "A route of .also lacks a parameter of .route.";
}

/// Checks that a rule can be violated, and that its error is complete.
constexpr void check_rule(const EndpointSpec& spec, const Rule& rule) {
    if (rule.detail.empty() || rule.code.empty()) throw "A rule needs a code and a sentence.";
    if (rule.kind == Rule::Kind::condition && rule.when.empty())
        throw "A rule without .when must be a constraint(), absent() or thrown().";
    if (rule.kind == Rule::Kind::thrown) {
        if (!spec.run && !spec.prepare) throw "A rule can be thrown() only by an endpoint with .prepare or .run.";
        return;
    }
    for (std::string_view reserved : {"invalid", "no_such", "not_found", "stale", "permission_missing"})
        if (rule.code == reserved) throw "The code of a rule must not be one of the library's own codes.";
    if (!rule.field.empty() && !rule.name.empty()) throw "A rule with .field cannot have .name.";
    if (contains(rule.detail, "{}") == rule.name.empty())
        throw "A rule must have .name if its .detail has {}, and only then.";
    if (!rule.field.empty() && rule.status != 400) throw "Only a rule with status 400 can have .field.";
    if (rule.status != 403 && rule.status != 409 && rule.status != 400 && rule.status != 404)
        throw "The status of a rule must be 400, 403, 404 or 409.";
}

/// Checks that facts of lists and of single rows are not mixed, and that a change has a row.
template <class F>
constexpr void check_facts(const EndpointSpec& spec, const F& fields, bool is_page, bool is_plain) {
    const Route route(spec.route);
    const bool is_post = route.method() == "POST";
    const bool names_a_row = !spec.row.empty() || (spec.resource && route.has_parameter(spec.resource->name, "_id"));
    if (!spec.resource && spec.sql.empty() && !spec.run) throw "An endpoint needs a .resource, .sql or .run.";
    if (spec.resource && spec.sql.empty() && !names_a_row && !is_post && !is_page && !spec.run)
        throw "An endpoint without .sql needs a row: {<name>_id} in the path, or .row.";
    if (spec.parent && !is_page && (!is_post || names_a_row)) throw "Only a creation or a list can have a .parent.";
    if (spec.parent && !route.has_parameter(spec.parent->name, "_id") && !fields.has(spec.parent->name))
        throw "The id of a .parent must be in the path, as {<name>_id}, or in the body.";
    if (!spec.server_set.empty() && (!is_plain || route.method() == "DELETE"))
        throw "Only a plain creation or change can have .server_set.";
    for (const Rule& rule : spec.rules)
        if (rule.of_parent && !spec.parent) throw "A rule of_parent() needs a .parent.";
    for (const Rule& rule : spec.rules)
        if (!rule.when.empty() && (route.method() == "GET" || spec.permissions[0] == anyone))
            throw "Only an endpoint that makes changes and has a caller can have rules with .when.";
    if (is_page && !spec.resource) throw "A list needs a .resource.";
    if (!is_page && !spec.choices.empty()) throw "Only a list can have .choices.";
    if (!spec.queries.empty() && !spec.run && !spec.prepare)
        throw "Only an endpoint with .prepare or .run can have .queries.";
    if (spec.resource && spec.resource->visible.empty()) throw "A resource needs at least one condition in .visible.";
    if (!spec.sql.empty() && !sql_text::has_part(spec.sql, "answer") && !is_plain)
        throw "The .sql of an endpoint needs a part `answer as (…)`.";
    if (!spec.sql.empty() && spec.permissions[0] != anyone && !contains(spec.sql, "authorized") &&
        !(is_plain && contains(spec.sql, "answer")))
        throw "The .sql of an endpoint must join `authorized`: rows not joined with it are open to every caller.";
    const std::size_t files = count(fields.files);
    if (files > 1) throw "An upload can have only one file.";
    if (files > 0 && !is_post && route.method() != "PUT") throw "Only POST and PUT can have a file in the body.";
    if (files == 0 && spec.largest > 0) throw "Only an upload can have .largest.";
}

/// What the checked SQL reads.
struct Reads {
    bool file = false;
    bool fields[32]{};
};

/// Checks that a parameter exists, and notes that it is read.
template <class F>
constexpr void check_name(const EndpointSpec& spec, const F& fields, std::string_view whole, Reads& reads) {
    const ParameterName parameter(whole);
    const std::string_view group = parameter.group, name = parameter.name;
    if (group == "body" || group == "sent") {
        for (std::size_t i = 0; i < fields.names.size(); ++i)
            if (fields.names[i] == name) {
                if (fields.files[i])
                    throw "A file is not a parameter: use :system.file_sha256, .file_size and .file_type.";
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
    throw "A :group.name in the SQL is not a field of the body, a parameter of the path, in .extra_params or a "
          "parameter of the library.";
}

/// Checks that the SQL reads only parameters that exist, and that it reads all fields of the body.
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
        throw "The SQL of an upload must read :system.file_sha256: without it the file cannot be found again.";
    if (spec.resource) {
        for (std::string_view way : spec.resource->visible) look(way);
        for (const Computed& computed : spec.resource->computed) look(computed.sql);
        look(spec.resource->private_to);
        for (const Attachment& to : spec.resource->attached)
            for (std::string_view way : to.resource->visible) look(way);
    }
    for (std::size_t i = 0; i < fields.names.size(); ++i)
        if (fields.lists[i] && !reads.fields[i] && is_plain)
            throw "A list in the body is not a column: the .sql or .server_set must read it.";
    if (!spec.sql.empty() && !is_plain && !spec.run)
        for (std::size_t i = 0; i < fields.names.size(); ++i)
            if (!reads.fields[i] && !fields.files[i]) throw "A field of the body is never read by the SQL.";
}

/// Checks an endpoint.
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
    // the library writes the statement
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
