// Writes JSON for several field types.
#include "schema/type.hpp"

namespace api::types {

void write_text(std::string& out, std::string_view column) {
    static constexpr char hex[] = "0123456789abcdef";
    out += '"';
    for (char c : column) {
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20) {
                    out += "\\u00";
                    out += hex[(c >> 4) & 15];
                    out += hex[c & 15];
                } else {
                    out += c;
                }
        }
    }
    out += '"';
}

void write_verbatim(std::string& out, std::string_view column) { out += column; }

}  // namespace api::types
