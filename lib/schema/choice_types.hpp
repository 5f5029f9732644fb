// Field types of choices (described enums) and of lists of names or ids.
#pragma once
#include <array>
#include <boost/describe.hpp>
#include <boost/json/value_from.hpp>
#include <boost/json/value_to.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "schema/type.hpp"

namespace api {

/// A list of distinct names; a form separates them by commas. It has no column: for an answer the SELECT computes a
/// jsonb, and the SQL of an endpoint reads the list as :body.NAME, a jsonb.
struct Names {
    std::vector<std::string> value;
};

namespace types {

// Each check returns an error sentence, or an empty text if the value is valid.

/// Names, as an array or separated by commas in text; converts text to an array.
std::string check_names(json::value& value, Source source);
/// An array of min to max different ids; converts text with ids separated by commas.
std::string check_ids(json::value& value, Source source, std::size_t min, std::size_t max);
/// One of the choices, {accepted, meant}; converts an accepted name to its meaning.
std::string check_choice(json::value& value, const std::vector<std::pair<std::string, std::string>>& choices);

}  // namespace types

template <>
struct Type<Names> {
    static json::object schema() { return {{"type", "array"}, {"items", {{"type", "string"}}}}; }
    static std::string check(json::value& v, Source s) { return types::check_names(v, s); }
    static Names load(const json::value& v) { return {json::value_to<std::vector<std::string>>(v)}; }
    static json::value dump(const Names& t) { return json::value_from(t.value); }
    static void write(std::string& out, std::string_view column) { types::write_verbatim(out, column); }
};
/// Aliases that are accepted for a described enum: {accepted, meant}.
template <class E>
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 0> aliases{};
/// Names that a filter expands to several values: {name, the values separated by commas}.
template <class E>
inline constexpr std::array<std::pair<std::string_view, std::string_view>, 0> groups{};

/// A described enum is a choice; an underscore in the C++ name is a space in the API (`In_Progress`: "In Progress").
template <class E>
    requires std::is_enum_v<E>
struct Type<E> {
    /// The name of an enumerator in the API.
    static std::string spelled(std::string_view name) {
        std::string s(name);
        for (char& c : s)
            if (c == '_') c = ' ';
        return s;
    }
    /// The names of all enumerators in the API, in the order of their declaration.
    static std::vector<std::string> choices() {
        std::vector<std::string> names;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>(
            [&](auto d) { names.push_back(spelled(d.name)); });
        return names;
    }
    static json::object schema() {
        json::array names;
        for (const auto& name : choices()) names.emplace_back(name);
        json::object schema{{"type", "string"}, {"enum", names}};
        // aliases are accepted as input; stored and returned is the name that they mean
        for (const auto& [given, meant] : aliases<E>) {
            json::value& also = schema.emplace("x-also", json::object{}).first->value();
            also.as_object()[given] = meant;
        }
        return schema;
    }
    static std::string check(json::value& v, Source) {
        static const auto accepted = [] {
            std::vector<std::pair<std::string, std::string>> all;
            for (const auto& name : choices()) all.emplace_back(name, name);
            for (const auto& [given, meant] : aliases<E>) all.emplace_back(given, meant);
            return all;
        }();
        return types::check_choice(v, accepted);
    }
    static E load(const json::value& v) {
        E e{};
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto d) {
            if (spelled(d.name) == std::string_view(v.as_string())) e = d.value;
        });
        return e;
    }
    static json::value dump(E e) {
        std::string name;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto d) {
            if (d.value == e) name = spelled(d.name);
        });
        return json::value(name);
    }
    static void write(std::string& out, std::string_view column) { types::write_text(out, column); }
};

}  // namespace api
