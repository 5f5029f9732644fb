// SQL written as text with named holes, so that a statement can be read where it is made and where it is printed.
#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace api {

/// A hole's name and what it is filled with.
using Hole = std::pair<std::string_view, std::string>;

/// Fills every `{name}` of a template. The first line end of the template is dropped, so that a raw string can begin on
/// a line of its own. A value of several lines keeps the column of its hole. A line that has nothing but a hole is
/// dropped where the value is empty. Throws std::logic_error for a hole that has no value.
std::string fill(std::string_view text, std::initializer_list<Hole> holes);

/// A raw string without its first line end, and without the indentation that all of its lines after the first share.
std::string dedented(std::string_view text);

}  // namespace api
