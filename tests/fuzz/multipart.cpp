// The multipart reader must withstand any bytes, arriving in pieces of any size.
//
// An input is the boundary, a line feed, and the body. For every input the reader must end, and return the same parts
// or the same error in whatever pieces the bytes arrive. Accepted parts that are written and read again must be the
// same.
#include "http/multipart.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "base/problem.hpp"

namespace {

struct Result {
    std::vector<std::pair<api::multipart::Part, std::string>> parts;
    std::string refusal;

    bool operator==(const Result& other) const {
        return refusal == other.refusal && std::ranges::equal(parts, other.parts, [](auto& a, auto& b) {
                   return a.first.name == b.first.name && a.first.file_name == b.first.file_name &&
                          a.second == b.second;
               });
    }
};

Result read(std::string_view boundary, std::string_view body, std::size_t piece) {
    Result result;
    try {
        api::multipart::Reader reader(
            [&](char* into, std::size_t size) {
                size = body.copy(into, std::min(size, piece));
                body.remove_prefix(size);
                return size;
            },
            boundary);
        while (auto part = reader.next()) {
            std::string content;
            for (std::string_view bytes; !(bytes = reader.read()).empty();) content += bytes;
            result.parts.emplace_back(std::move(*part), std::move(content));
        }
    } catch (const api::Problem& problem) {
        result.refusal = problem.detail;
        result.parts.clear();  // complete parts before the error do not matter
    }
    return result;
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string written(std::string_view boundary, const Result& result) {
    std::string body;
    for (const auto& [part, content] : result.parts) {
        body.append("--")
            .append(boundary)
            .append("\r\nContent-Disposition: form-data; name=")
            .append(quoted(part.name));
        if (part.file_name) body += "; filename=" + quoted(*part.file_name);
        body.append("\r\n\r\n").append(content).append("\r\n");
    }
    return body.append("--").append(boundary).append("--\r\n");
}

void demand(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "%s\n", what);
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const std::size_t end = std::min(all.find('\n'), size);
    const std::string_view boundary = all.substr(0, end), body = all.substr(std::min(end + 1, size));
    const Result whole = read(boundary, body, body.size() + 1);
    for (std::size_t piece : {1, 2, 3, 7, 64})
        demand(read(boundary, body, piece) == whole, "the parts depend on the pieces in which the bytes arrive");
    if (!whole.refusal.empty()) return 0;
    // a part that begins like a boundary line cannot be told from an empty one, so no client sends it that way
    demand(read(boundary, written(boundary, whole), 5) == whole,
           "the parts that were written and read again are not the same");
    return 0;
}
