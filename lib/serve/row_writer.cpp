// Writes rows, column by column.
#include "serve/row_writer.hpp"

#include "http/csv.hpp"

namespace api {

void write_object(std::string& out, const Shape& shape, const Rows& rows, std::size_t row, std::size_t& column) {
    char before = '{';
    for (const Member& member : shape) {
        out += before;
        before = ',';
        out += '"';
        out += member.name;
        out += "\":";
        if (!member.nested.empty()) {
            write_object(out, member.nested, rows, row, column);
            continue;
        }
        if (rows.is_null(row, column))
            out += "null";
        else
            member.write(out, rows(row, column));
        ++column;
    }
    out += '}';
}

namespace {

void write_cells(std::string& out, const Shape& shape, const Rows& rows, std::size_t row, std::size_t& column,
                 bool& is_first) {
    std::string text;
    for (const Member& member : shape) {
        if (!member.nested.empty()) {
            write_cells(out, member.nested, rows, row, column, is_first);
            continue;
        }
        if (!is_first) out += ',';
        is_first = false;
        if (!rows.is_null(row, column)) {
            text.clear();
            member.write(text, rows(row, column));
            csv::write_cell(out, text);
        }
        ++column;
    }
}

}  // namespace

void write_line(std::string& out, const Shape& shape, const Rows& rows, std::size_t row, std::size_t& column) {
    bool is_first = true;
    write_cells(out, shape, rows, row, column, is_first);
    out += csv::line_end;
}

}  // namespace api
