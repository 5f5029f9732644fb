// Spools CSV tables, and limits how many exist at the same time.
#include "serve/table.hpp"

#include <algorithm>
#include <atomic>

#include "base/settings.hpp"
#include "http/csv.hpp"
#include "schema/items.hpp"
#include "serve/row_writer.hpp"
#include "sql/page_rows.hpp"

namespace api::table {

namespace {

int most_tables() { return std::max(1, settings().workers / 2); }

/// The most bytes of UTF-8 that a row can have.
std::size_t most_in_row(const Shape& shape) {
    // in_json: a maintenance record with texts of the greatest length
    constexpr std::size_t in_number = 32, in_json = 192 << 10;
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

/// One of the places for tables that are created and sent at the same time.
class Place {
public:
    Place() {
        if (++taken > most_tables()) {
            --taken;
            throw unavailable("Too many CSV exports at the same time. Try again.", 2);
        }
    }
    ~Place() { --taken; }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

private:
    static inline std::atomic<int> taken = 0;
};

struct Table {
    Place place;
    Spool spool;
};

/// Appends rows as lines. Writes them in pieces, so that memory does not hold a second copy of all rows.
void append_lines(Spool& spool, const Operation& operation, const Rows& rows, std::size_t count) {
    constexpr std::size_t piece = 64 << 10;
    std::string lines;
    for (std::size_t row = 0; row < count; ++row) {
        std::size_t column = first_page_column;
        write_line(lines, operation.answer, rows, row, column);
        if (lines.size() < piece) continue;
        spool.append(lines);
        lines.clear();
    }
    spool.append(lines);
}

}  // namespace

int rows_at_once(const Shape& shape) {
    constexpr std::size_t most_bytes = 96 << 20;
    const std::size_t each = most_bytes / static_cast<std::size_t>(most_tables());
    return static_cast<int>(std::clamp<std::size_t>(each / most_in_row(shape), 50, 1000));
}

std::shared_ptr<const Spool> spooled(const Operation& operation, PageRequest page, const ReadRows& read_rows) {
    auto table = std::make_shared<Table>();
    table->spool.append(csv::header(operation.answer));
    for (bool has_more = true; has_more;) {
        const Rows rows = read_rows(page);
        const PageRows part(operation, page, rows);
        append_lines(table->spool, operation, rows, part.size());
        has_more = part.has_more();
        if (has_more) continue_after(page, part.keys(part.size() - 1));
    }
    return {table, &table->spool};
}

}  // namespace api::table
