// What a handler includes: the form of an endpoint and the loop that serves it.
#pragma once
#include "exchange.hpp"
#include "form.hpp"
#include "server.hpp"
