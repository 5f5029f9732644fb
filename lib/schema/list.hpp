// A list of fixed capacity that a constexpr object can contain.
#pragma once
#include <cstddef>
#include <initializer_list>

namespace api {

/// A list of at most N items.
template <class T, std::size_t N = 8>
struct List {
    T items[N]{};
    std::size_t count = 0;

    constexpr List() = default;
    constexpr List(std::initializer_list<T> given) {
        if (given.size() > N) throw "A list of an endpoint is longer than its type allows.";
        for (const T& item : given) items[count++] = item;
    }
    constexpr const T* begin() const { return items; }
    constexpr const T* end() const { return items + count; }
    constexpr bool empty() const { return count == 0; }
    constexpr std::size_t size() const { return count; }
    constexpr const T& operator[](std::size_t i) const { return items[i]; }
    constexpr List operator+(const List& more) const {
        if (count + more.count > N) throw "A list of an endpoint is longer than its type allows.";
        List all = *this;
        for (const T& item : more) all.items[all.count++] = item;
        return all;
    }
};

}  // namespace api
