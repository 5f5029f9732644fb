// The SQL type of each field type, to which statements cast the parameters of a body.
#pragma once
#include "schema/resource.hpp"

namespace api {

/// The SQL type in which a value of T is sent, which is the type of its column: text, unless a specialisation has
/// another one.
template <class T>
inline constexpr std::string_view sql_type = "text";
template <>
inline constexpr std::string_view sql_type<Id> = "bigint";
template <const Resource& R>
inline constexpr std::string_view sql_type<Reference<R>> = "bigint";
template <>
inline constexpr std::string_view sql_type<int> = "integer";
template <std::int64_t Min, std::int64_t Max>
inline constexpr std::string_view sql_type<Number<Min, Max>> = Max > INT32_MAX ? "bigint" : "integer";
template <int Min>
inline constexpr std::string_view sql_type<Decimal<Min>> = "numeric";
template <>
inline constexpr std::string_view sql_type<bool> = "boolean";
template <>
inline constexpr std::string_view sql_type<Date> = "date";
template <>
inline constexpr std::string_view sql_type<Time> = "timestamptz";
template <>
inline constexpr std::string_view sql_type<Names> = "jsonb";
template <const Resource& R, std::size_t Min, std::size_t Max>
inline constexpr std::string_view sql_type<References<R, Min, Max>> = "jsonb";
template <>
inline constexpr std::string_view sql_type<Json> = "jsonb";

}  // namespace api
