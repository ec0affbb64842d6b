// The endpoints, for main() and for the tests.
#pragma once

#include "beastapi/app.hpp"

void add_routes(beastapi::App& app);
