// Renders objects, pages and tables as replies: bodies, links, entity tags, cache headers.
#include "serve/render.hpp"

#include <boost/json/serialize.hpp>

#include "base/crypto.hpp"
#include "http/csv.hpp"
#include "http/negotiation.hpp"
#include "serve/row_writer.hpp"
#include "sql/page_rows.hpp"

namespace api {

namespace {

void add_cache_headers(Reply& reply, const Operation& operation) {
    reply.headers.emplace_back("Cache-Control", operation.spec.no_store ? "no-store" : "private, no-cache");
    reply.headers.emplace_back("Vary", "Accept, Authorization");
}

void add_csv_headers(Reply& reply, const Operation& operation) {
    reply.content_type = "text/csv; charset=utf-8; header=present";
    const std::string_view path = operation.route.path;
    reply.headers.emplace_back("Content-Disposition",
                               "attachment; filename=\"" + std::string(path.substr(path.rfind('/') + 1)) + ".csv\"");
    add_cache_headers(reply, operation);
}

/// Renders an answer that consists of lists as one CSV table.
Reply render_lists(const Operation& operation, const Rows& rows) {
    std::vector<std::string_view> columns;
    for (std::size_t i = 0; i < operation.answer.size(); ++i) columns.push_back(rows(0, first_column + i));
    Reply reply;
    reply.body = csv::lists(operation.answer, columns);
    add_csv_headers(reply, operation);
    return reply;
}

}  // namespace

Reply render_json(const Operation& operation, const json::object& value) {
    Reply reply;
    if (operation.spec.status) reply.status = operation.spec.status;
    if (operation.spec.no_store) reply.headers.emplace_back("Cache-Control", "no-store");
    reply.body = json::serialize(value);
    return reply;
}

Reply render_row(const Operation& operation, const Request& request, const Input& input, const Rows& rows) {
    const std::string_view method = request.method();
    Reply reply;
    if (input.wants_csv) return render_lists(operation, rows);
    reply.status = operation.success(method);
    if (operation.answer.empty()) {
        if (operation.spec.no_store) reply.headers.emplace_back("Cache-Control", "no-store");
        return reply;
    }
    std::size_t column = first_column;
    write_object(reply.body, operation.answer, rows, 0, column);
    const auto value_of = [&](const Member* member) {
        return std::string(rows(0, first_column + static_cast<std::size_t>(member - operation.answer.data())));
    };
    if (const Member* id = find_member(operation.answer, "id"); id && reply.status == 201 && operation.spec.resource)
        reply.headers.emplace_back(
            "Location", request.base_url() + path_with(operation.spec.resource->path, input.path) + "/" + value_of(id));
    if (operation.spec.no_store) {
        reply.headers.emplace_back("Cache-Control", "no-store");
        return reply;
    }
    add_cache_headers(reply, operation);
    if (const Member* version = find_member(operation.answer, "version")) {
        std::string etag = '"' + value_of(version) + '-' + crypto::sha256_hex(reply.body, 4) + '"';
        if ((method == "GET" || method == "HEAD") && names_tag(request.variable("HTTP_IF_NONE_MATCH"), etag))
            reply.status = 304;
        reply.headers.emplace_back("ETag", std::move(etag));
    }
    return reply;
}

Reply render_page(const Operation& operation, const Request& request, const PageRequest& page, const Rows& rows) {
    const PageQuery& query = page.query;
    const PageRows part(operation, page, rows);
    const std::size_t size = part.size();
    std::optional<std::int64_t> count = page.count;
    if (query.counted) {
        count = rows.integer(0, total_column);
        if (!query.exact && *count > most_counted) count.reset();
    }
    const auto link = [&](const char* direction, std::size_t row) {
        json::array parts{page.digest, direction};
        parts.emplace_back(count ? json::value(*count) : json::value());
        for (const std::string& key : part.keys(row)) parts.emplace_back(key);
        std::string url =
            request.base_url() + std::string(request.path()) + "?cursor=" + crypto::base64url(json::serialize(parts));
        for (const auto& [name, value] : page.parameters) url += "&" + encode_query(name) + "=" + encode_query(value);
        return json::serialize(json::value(url));
    };
    // a page that is read backwards arrives in reverse order
    const auto row_at = [&](std::size_t i) { return query.backwards ? size - 1 - i : i; };
    const bool has_next = size > 0 && (query.backwards || part.has_more());
    const bool has_previous = size > 0 && (query.backwards ? part.has_more() : query.after_cursor);

    Reply reply;
    std::string& out = reply.body;
    // a large page is already in memory twice; growing the text would copy it again
    out.reserve(rows.bytes() + 32 * size * operation.answer.size() + 1024);
    out += "{\"count\":";
    out += count ? std::to_string(*count) : "null";
    out += ",\"next\":" + (has_next ? link("next", row_at(size - 1)) : "null");
    out += ",\"previous\":" + (has_previous ? link("previous", row_at(0)) : "null");
    out += ",\"results\":[";
    for (std::size_t i = 0; i < size; ++i) {
        if (i > 0) out += ',';
        std::size_t column = first_page_column;
        write_object(out, operation.answer, rows, row_at(i), column);
    }
    out += "]}";
    add_cache_headers(reply, operation);
    return reply;
}

Reply render_table(const Operation& operation, std::shared_ptr<const Spool> table) {
    Reply reply;
    reply.spool = std::move(table);
    add_csv_headers(reply, operation);
    return reply;
}

}  // namespace api
