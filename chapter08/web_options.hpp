// The settings of HTTP: who may ask, under which name, through which proxy, and what pages may do.
#pragma once

#include "settings.hpp"

namespace CLI {
class App;
}

void add_web_options(CLI::App& app, Settings& settings);

/// Fills in the settings that follow from others. To be called when all are read.
void complete_web_settings(Settings& settings);
