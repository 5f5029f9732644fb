// Cells and lines of CSV, and the answer of a list that is wanted whole.
#include "http/csv.hpp"

#include <algorithm>
#include <atomic>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstring>

#include "serve/request_context.hpp"
#include "schema/items.hpp"
#include "sql/page.hpp"
#include "base/problem.hpp"
#include "base/settings.hpp"

namespace api {

namespace csv {

namespace {

/// How many lists are made and sent at the same time: half of the workers, so that a few long ones do not keep everybody
/// else waiting.
int most_lists() { return std::max(1, settings().workers / 2); }

/// How many bytes of UTF-8 a row may have.
std::size_t most_in_row(const Shape& shape) {
    constexpr std::size_t in_number = 32, in_json = 192 << 10;  // a record of maintenance with the longest of texts
    std::size_t most = 0;
    for (const Member& member : shape) {
        if (!member.nested.empty()) {
            most += most_in_row(member.nested);
        } else if (!member.item.empty()) {
            most += types::most_items * most_in_row(member.item);
        } else {
            const json::object schema = member.schema();
            const json::value* length = schema.if_contains("maxLength");
            most += length ? 4 * length->to_number<std::size_t>() : schema.at("type") == "object" ? in_json : in_number;
        }
    }
    return most;
}

/// A text as a cell. A spreadsheet takes what begins with = + - @, a tab or a line end for a formula (OWASP, CSV
/// injection): an apostrophe in front makes it a text.
void write_text(std::string& out, std::string_view text) {
    const bool formula = !text.empty() && std::strchr("=+-@\t\r\n", text.front()) != nullptr;
    if (!formula && text.find_first_of(",\"\r\n") == text.npos) {
        out += text;
        return;
    }
    out += '"';
    if (formula) out += '\'';
    for (char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    out += '"';
}

/// The JSON of a cell: a string loses its quotes, a list or an object stays JSON.
void write_cell(std::string& out, std::string_view json_text) {
    if (!json_text.starts_with('"')) {
        if (json_text.starts_with('[') || json_text.starts_with('{'))
            write_text(out, json_text);
        else
            out += json_text;
        return;
    }
    if (json_text.find('\\') == json_text.npos)
        write_text(out, json_text.substr(1, json_text.size() - 2));
    else
        write_text(out, std::string_view(json::parse(json_text).as_string()));
}

void write_names(std::string& out, const Shape& shape, const std::string& before) {
    for (const Member& member : shape) {
        if (!member.nested.empty()) {
            write_names(out, member.nested, before + member.name + ".");
            continue;
        }
        if (!out.empty()) out += ',';
        out += before + member.name;
    }
}

void write_cells(std::string& out, const Shape& shape, const Rows& rows, std::size_t row, std::size_t& column,
                 bool& first) {
    std::string text;
    for (const Member& member : shape) {
        if (!member.nested.empty()) {
            write_cells(out, member.nested, rows, row, column, first);
            continue;
        }
        if (!first) out += ',';
        first = false;
        if (!rows.is_null(row, column)) {
            text.clear();
            member.write(text, rows(row, column));
            write_cell(out, text);
        }
        ++column;
    }
}

}  // namespace

bool is_offered(const Operation& operation) {
    const Shape& out = operation.out;
    return operation.is_page ||
           (!out.empty() && std::all_of(out.begin(), out.end(), [](const Member& m) { return !m.item.empty(); }));
}

std::string lists(const Shape& shape, const std::vector<std::string_view>& columns) {
    std::vector<std::string> names;
    for (const Member& list : shape)
        for (const Member& member : list.item)
            if (std::find(names.begin(), names.end(), member.name) == names.end()) names.push_back(member.name);
    std::string out = "list";
    for (const std::string& name : names) out += ',' + name;
    out += "\r\n";
    for (std::size_t i = 0; i < shape.size(); ++i) {
        const json::value items = columns[i].empty() ? json::array() : json::parse(columns[i]);
        for (const json::value& item : items.as_array()) {
            out += shape[i].name;
            for (const std::string& name : names) {
                out += ',';
                const json::value* cell = item.as_object().if_contains(name);
                if (cell && !cell->is_null()) write_cell(out, json::serialize(*cell));
            }
            out += "\r\n";
        }
    }
    return out;
}

int rows_at_once(const Shape& shape) {
    constexpr std::size_t most_bytes = 96 << 20;
    const std::size_t each = most_bytes / static_cast<std::size_t>(most_lists());
    return static_cast<int>(std::clamp<std::size_t>(each / most_in_row(shape), 50, 1000));
}

std::string header(const Shape& shape) {
    std::string line;
    write_names(line, shape, "");
    return line + "\r\n";
}

void write_row(std::string& out, const Shape& shape, const Rows& rows, std::size_t row, std::size_t& column) {
    bool first = true;
    write_cells(out, shape, rows, row, column, first);
    out += "\r\n";
}

}  // namespace csv

void Exchange::set_csv_headers(Reply& reply) const {
    reply.content_type = "text/csv; charset=utf-8; header=present";
    std::string_view path = forms::path_of(form().route);
    reply.headers.emplace_back("Content-Disposition",
                               "attachment; filename=\"" + std::string(path.substr(path.rfind('/') + 1)) + ".csv\"");
    set_list_headers(reply);
}

namespace {

/// Among the lists that are made and sent at the same time.
class Place {
public:
    Place() {
        if (++taken > csv::most_lists()) {
            --taken;
            throw unavailable("Too many lists as CSV at the same time. Try again.", 2);
        }
    }
    ~Place() { --taken; }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

private:
    static inline std::atomic<int> taken = 0;
};

/// A list until it is sent.
struct Table {
    Place place;
    Spool spool;
};

}  // namespace

Reply Exchange::whole_list(PageRequest& page) {
    const Operation& operation = entry_.operation;
    Reply reply;
    auto table = std::make_shared<Table>();
    table->spool.append(csv::header(operation.out));
    database.begin_snapshot();
    for (bool more = true; more;) {
        Rows rows = ask(page_statement(operation, page.query));
        refuse_caller(rows);
        if (reply.used_key.empty()) note_use(rows, reply);
        more = write_csv(table->spool, page, operation, rows, parameters);
    }
    database.rollback();
    reply.spool = {table, &table->spool};
    set_csv_headers(reply);
    return reply;
}

}  // namespace api
