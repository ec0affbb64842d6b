// Chapter 08: the settings, from the environment, as chapter 07 reads them.
#pragma once

#include <boost/lexical_cast/try_lexical_convert.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

inline std::string setting(const char* variable, const char* otherwise) {
    const char* text = std::getenv(variable);
    return text != nullptr ? text : otherwise;
}

inline std::chrono::steady_clock::duration seconds_from(const char* variable,
                                                        const char* otherwise) {
    double number = 0;
    const std::string text = setting(variable, otherwise);
    if (!boost::conversion::try_lexical_convert(text, number)) {
        fmt::print(stderr, "{}={} is no number of seconds\n", variable, text);
        std::exit(2);
    }
    const std::chrono::duration<double> seconds(number);
    return std::chrono::duration_cast<std::chrono::steady_clock::duration>(seconds);
}
