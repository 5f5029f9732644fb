// An endpoint with its types: what a handler declares, and what the compiler refuses.
#pragma once
#include "schema/endpoint_check.hpp"

namespace api {

/// An endpoint: In is the body (None: no body), Out the answer (a struct, Page of one, or None: 204). The compiler
/// refuses one that could not work (endpoint_check.hpp).
template <class In, class Out>
struct Endpoint {
    EndpointSpec spec;
    consteval Endpoint(const EndpointSpec& given) : spec(given) {
        endpoint_check::check<In>(spec, is_page);
        if (endpoint_check::count(is_file<Out>()) > 0) throw "A file is part of bodies alone; answers have its URL.";
    }
    static constexpr bool is_page = false;
    using Item = Out;
};
template <class In, class T>
struct Endpoint<In, Page<T>> {
    EndpointSpec spec;
    consteval Endpoint(const EndpointSpec& given) : spec(given) { endpoint_check::check<In>(spec, is_page); }
    static constexpr bool is_page = true;
    using Item = T;
};

}  // namespace api
