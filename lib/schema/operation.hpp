// An endpoint without its C++ types, as the library uses it at run time.
#pragma once
#include <algorithm>

#include "schema/endpoint.hpp"

namespace api {

/// The facts of an endpoint, the shapes of its body and its answer, and the properties that follow from them.
struct Operation {
    EndpointSpec spec;
    Shape body;
    Shape answer;  ///< of a list: the shape of its rows
    bool is_page = false;
    bool has_body = false;
    std::string_view body_name = "";  ///< the C++ names of the structs, which the documentation uses too
    std::string_view answer_name = "";

    Route route{spec.route};
    /// Requires no authentication: there is no caller.
    bool is_public = spec.permissions[0] == anyone;
    bool writes = route.method() != "GET";
    bool deletes = route.method() == "DELETE";
    /// The id of the resource, or of the parent, is in the path.
    bool id_in_path = spec.resource && route.has_parameter(spec.resource->name, "_id");
    bool parent_in_path = spec.parent && route.has_parameter(spec.parent->name, "_id");
    bool names_a_row = id_in_path || !spec.row.empty();
    /// The library writes the statement: an insert, update, delete or select.
    bool is_plain = spec.resource && !sql_text::has_part(spec.sql, "answer");
    bool creates = is_plain && !names_a_row && route.method() == "POST";
    /// False in the copy for requests that send no reference: their statement has nothing to look up.
    bool has_sent_references = is_plain && std::ranges::any_of(body, &Member::is_sent_reference);

    /// Whether an Idempotency-Key is supported. Not under /auth/: those answers contain secrets and must not be stored.
    bool takes_key() const {
        return route.has_method("POST") && !is_public && !route.path.starts_with("/api/v1/auth/");
    }
    /// Whether If-Match is supported, with the version of the row that the caller means.
    bool takes_if_match() const { return writes && names_a_row && !is_public; }
    /// Whether a change checks the references in its body. (A creation checks them with its rules.)
    bool checks_references() const { return has_body && !creates && has_sent_references; }
    /// Whether it is an upload.
    bool has_file() const;
    /// Whether it can also answer as CSV: a list can, and an answer that consists of lists of small objects.
    bool offers_csv() const;
    /// The status of a success with this method.
    int success(std::string_view method) const;
    /// The rule with this code, or null.
    const Rule* find_rule(std::string_view code) const;
    /// The required permission, or empty if it requires none.
    std::string_view required_permission() const {
        return find_permission(spec.permissions[0]) ? spec.permissions[0] : std::string_view();
    }
};

/// The operation of an endpoint.
template <class In, class Out>
Operation operation_of(const Endpoint<In, Out>& endpoint) {
    using Item = typename Endpoint<In, Out>::Item;
    return {endpoint.spec, shape_of<In>(), shape_of<Item>(), endpoint.is_page, !std::is_same_v<In, None>,
            name_of<In>(), name_of<Item>()};
}

}  // namespace api
