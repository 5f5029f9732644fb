// What a handler includes: the form of an endpoint and the loop that serves it.
#pragma once
#include "serve/request_context.hpp"
#include "schema/endpoint.hpp"
#include "serve/server.hpp"
