// SQL templates with named holes, so that a statement is readable both in the source code and when it is printed.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace api {

/// The name of a hole and the text that fills it.
using Hole = std::pair<std::string_view, std::string>;

/// Fills every `{name}` of a template. A line end at the beginning of the template is dropped, so that a raw string can
/// begin on a line of its own. All lines of a value begin at the column of its hole. A line that contains only holes is
/// dropped if their values are empty. Throws std::logic_error for a hole that has no value.
std::string fill(std::string_view text, std::initializer_list<Hole> holes);

/// A raw string without a line end at its beginning, and without the indentation that all of its lines after the first
/// share.
std::string dedented(std::string_view text);

}  // namespace api
