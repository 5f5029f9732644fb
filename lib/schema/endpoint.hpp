// An endpoint with its C++ types, as a handler declares it and the compiler checks it.
#pragma once
#include "schema/endpoint_check.hpp"

namespace api {

/// An endpoint: In is the body (None: no body), Out the answer (a struct, a Page of a struct, or None: 204). The
/// compiler refuses endpoints that could not work (endpoint_check.hpp).
template <class In, class Out>
struct Endpoint {
    EndpointSpec spec;
    consteval Endpoint(const EndpointSpec& given) : spec(given) {
        endpoint_check::check<In>(spec, is_page);
        if (endpoint_check::count(is_file<Out>()) > 0) throw "Only a body can have a file; an answer has its URL.";
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
