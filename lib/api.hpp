// What a handler includes: endpoints, and the loop that serves them.
#pragma once
#include "schema/endpoint.hpp"
#include "serve/server.hpp"
#include "sql/request_context.hpp"
