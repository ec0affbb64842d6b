#include "seconds_option.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cmath>

void add_seconds(CLI::App& app, const std::string& name, const std::string& variable,
                 std::chrono::steady_clock::duration& into, double least,
                 const std::string& description, double most) {
    using Duration = std::chrono::steady_clock::duration;
    const double initial = std::chrono::duration<double>(into).count();
    app.add_option_function<double>(
           name,
           [&into, name](const double& seconds) {
               if (std::isnan(seconds)) {  // which no range refuses
                   throw CLI::ValidationError(name, "is not a number");
               }
               into = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
           },
           description)
        ->envname(variable)
        ->type_name("SECONDS")
        ->default_str(fmt::format("{}", initial))
        ->check(CLI::Range(least, most));
}
