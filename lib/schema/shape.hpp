// The members of a described struct, as fields of a body, as columns of an answer and as JSON Schema.
#pragma once
#include <array>
#include <boost/mp11.hpp>

#include "schema/resource.hpp"
#include "schema/sql_type.hpp"

namespace api {

struct Member;
/// The members of a described struct in the order in which they are described, inherited ones first.
using Shape = std::vector<Member>;

/// One member: the properties of its type and of the wrappers around the type.
struct Member {
    std::string name;
    json::value initial;           ///< its C++ default, which a creation without the field stores
    bool nullable = false;         ///< std::optional
    bool read_only = false;        ///< ReadOnly
    bool filled = false;           ///< Filled
    bool required = false;         ///< by a creation and a PUT, because the C++ default is not a valid value
    bool always_required = false;  ///< Required: also by a PATCH
    bool is_time = false;          ///< Date or Time; null sorts as infinity
    bool is_choice = false;        ///< one of a few values: filters for ranges make no sense
    bool is_text = false;
    bool is_id = false;      ///< the id of a row: filters for ranges make no sense
    bool is_list = false;    ///< Names or References: not a column
    bool is_secret = false;  ///< a password: never a parameter of a statement
    bool is_file = false;    ///< the file of an upload: not a column
    bool is_file_name = false;
    const Resource* reference = nullptr;  ///< the resource that it refers to
    std::string_view sql_type;            ///< the type of its column, in which a value is sent
    std::vector<std::pair<std::string_view, std::string_view>> groups;
    json::object (*schema)() = nullptr;  ///< a function, so that a running handler keeps no schemas in memory
    std::string (*check)(json::value&, Source) = nullptr;
    void (*write)(std::string&, std::string_view) = nullptr;
    Shape nested;  ///< if the member is a described struct: its members, which are consecutive columns of the answer
    Shape item;    ///< if the member is Items: the members of an item

    /// Whether a body can set the column with the name of the member.
    bool is_settable_column() const { return !read_only && nested.empty() && !is_secret && !is_list && !is_file; }
    /// Whether a body can refer with it to another object, which the statement must look up.
    bool is_sent_reference() const { return reference && !read_only; }
    /// Whether it is a text that can be empty but not null. A client can clear it with null, like every other member.
    bool is_clearable() const {
        return is_text && !nullable && !required && !always_required && !filled && !is_file_name && initial == "";
    }
};

namespace shapes {

/// Removes the wrappers from a member's type and notes their properties.
template <class T>
struct Peel {
    using type = T;
    static void note(Member&) {}
    static T wrap(T v) { return v; }
    static const T* peek(const T& v) { return &v; }
};
template <class T>
struct Peel<std::optional<T>> {
    using type = typename Peel<T>::type;
    static void note(Member& m) { m.nullable = true, Peel<T>::note(m); }
    static std::optional<T> wrap(type v) { return Peel<T>::wrap(std::move(v)); }
    static const type* peek(const std::optional<T>& v) { return v ? Peel<T>::peek(*v) : nullptr; }
};
template <class W, class T, bool Member::* Flag>
struct PeelValue {
    using type = typename Peel<T>::type;
    static void note(Member& m) { m.*Flag = true, Peel<T>::note(m); }
    static W wrap(type v) { return {Peel<T>::wrap(std::move(v))}; }
    static const type* peek(const W& v) { return Peel<T>::peek(v.value); }
};
template <class T>
struct Peel<ReadOnly<T>> : PeelValue<ReadOnly<T>, T, &Member::read_only> {};
template <class T>
struct Peel<Filled<T>> : PeelValue<Filled<T>, T, &Member::filled> {};
template <class T>
struct Peel<Required<T>> : PeelValue<Required<T>, T, &Member::always_required> {};

template <class T>
inline constexpr const Resource* reference_of = nullptr;
template <const Resource& R>
inline constexpr const Resource* reference_of<Reference<R>> = &R;
template <const Resource& R, std::size_t Min, std::size_t Max>
inline constexpr const Resource* reference_of<References<R, Min, Max>> = &R;

template <class T>
inline constexpr bool is_list = std::is_same_v<T, Names>;
template <const Resource& R, std::size_t Min, std::size_t Max>
inline constexpr bool is_list<References<R, Min, Max>> = true;

template <class T>
inline constexpr bool is_text = false;
template <std::size_t Min, std::size_t Max>
inline constexpr bool is_text<Text<Min, Max>> = true;
template <std::size_t Min, std::size_t Max>
inline constexpr bool is_text<Line<Min, Max>> = true;

template <class T>
inline constexpr bool is_settable_list = is_list<typename Peel<T>::type>;
template <class T>
inline constexpr bool is_settable_list<ReadOnly<T>> = false;

template <class T>
using members_of = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

}  // namespace shapes

/// The names of the members of T, for checks at compile time.
template <class T>
consteval auto member_names() {
    return []<template <class...> class L, class... D>(L<D...>) {
        return std::array<std::string_view, sizeof...(D)>{D::name...};
    }(shapes::members_of<T>{});
}

/// Which of these members are lists that a body can have.
template <class T>
consteval auto is_list() {
    return []<template <class...> class L, class... D>(L<D...>) {
        return std::array<bool, sizeof...(D)>{
            shapes::is_settable_list<std::remove_cvref_t<decltype(std::declval<T>().*D::pointer)>>...};
    }(shapes::members_of<T>{});
}

/// Which of these members are files.
template <class T>
consteval auto is_file() {
    return []<template <class...> class L, class... D>(L<D...>) {
        return std::array<bool, sizeof...(D)>{
            std::is_same_v<typename shapes::Peel<std::remove_cvref_t<decltype(std::declval<T>().*D::pointer)>>::type,
                           File>...};
    }(shapes::members_of<T>{});
}

/// The C++ name of a type, without its namespaces.
template <class T>
constexpr std::string_view name_of() {
    std::string_view name = __PRETTY_FUNCTION__;  // … [with T = (anonymous namespace)::Account; …]
    name.remove_prefix(name.find("T = ") + 4);
    name = name.substr(0, name.find_first_of(";]"));
    return name.substr(name.rfind(':') + 1);  // npos + 1 is 0: no namespace
}

/// The shape of a described struct.
template <class T>
Shape shape_of() {
    Shape shape;
    const T initial{};
    boost::mp11::mp_for_each<shapes::members_of<T>>([&](auto d) {
        using Wrapped = std::remove_cvref_t<decltype(initial.*d.pointer)>;
        using Peeled = shapes::Peel<Wrapped>;
        using Plain = typename Peeled::type;
        Member m;
        m.name = d.name;
        Peeled::note(m);
        if constexpr (boost::describe::has_describe_members<Plain>::value) {
            m.nested = shape_of<Plain>();
        } else {
            m.schema = Type<Plain>::schema;
            m.sql_type = api::sql_type<Plain>;
            m.check = Type<Plain>::check;
            m.write = Type<Plain>::write;
            m.is_secret = std::is_same_v<Plain, Password> || std::is_same_v<Plain, Secret>;
            m.reference = shapes::reference_of<Plain>;
            m.is_id = m.reference || std::is_same_v<Plain, Id>;
            m.is_list = shapes::is_list<Plain>;
            if constexpr (requires { typename Plain::Item; }) m.item = shape_of<typename Plain::Item>();
            m.is_file = std::is_same_v<Plain, File>;
            m.is_file_name = std::is_same_v<Plain, FileName>;
            m.is_time = std::is_same_v<Plain, Date> || std::is_same_v<Plain, Time>;
            m.is_text = shapes::is_text<Plain> || m.is_file_name || std::is_base_of_v<Text<3, 150>, Plain> ||
                        std::is_base_of_v<Text<1, 254>, Plain>;
            m.is_choice = std::is_enum_v<Plain> || std::is_same_v<Plain, Code> || std::is_same_v<Plain, bool>;
            if constexpr (std::is_enum_v<Plain>) {
                m.groups.assign(groups<Plain>.begin(), groups<Plain>.end());
            }
            if (const Plain* value = Peeled::peek(initial.*d.pointer)) m.initial = Type<Plain>::dump(*value);
            json::value probe = m.initial;
            if (m.filled) m.initial = nullptr;
            m.required = !m.nullable && !m.read_only && !m.filled && !m.check(probe, Source::json).empty();
        }
        shape.push_back(std::move(m));
    });
    return shape;
}

/// Makes a struct from checked fields; a field that was not sent keeps its C++ default.
template <class T>
T load(const json::object& fields) {
    T result{};
    boost::mp11::mp_for_each<shapes::members_of<T>>([&](auto d) {
        using Peeled = shapes::Peel<std::remove_cvref_t<decltype(result.*d.pointer)>>;
        using Plain = typename Peeled::type;
        if constexpr (!boost::describe::has_describe_members<Plain>::value)
            if (const json::value* given = fields.if_contains(d.name); given && !given->is_null())
                result.*d.pointer = Peeled::wrap(Type<Plain>::load(*given));
    });
    return result;
}

/// The member with this name, or nullptr.
const Member* find_member(const Shape& shape, std::string_view name);

/// The use of a shape: the body of a creation with its required fields, the body of a PATCH, or an answer.
enum class Side { body, patch, answer };

/// The JSON Schema of an object of this shape (draft 2020-12). The schema of a body has only members that can be set.
/// An answer always has all of its members, except secrets.
json::object schema_of(const Shape& shape, Side side);

/// The JSON of a struct.
template <class T>
json::object dump(const T& value) {
    json::object object;
    boost::mp11::mp_for_each<shapes::members_of<T>>([&](auto d) {
        using Peeled = shapes::Peel<std::remove_cvref_t<decltype(value.*d.pointer)>>;
        const auto* member = Peeled::peek(value.*d.pointer);
        object[d.name] = member ? Type<typename Peeled::type>::dump(*member) : json::value();
    });
    return object;
}

}  // namespace api
