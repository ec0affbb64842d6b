// Writing JSON for people and programs alike: Python's `json.dumps`.
#pragma once

#include <boost/json/value.hpp>

#include <string>

namespace beastapi {

/// The value as JSON text. Numbers with a fraction are written as people do, `1.25`, where
/// boost::json::serialize writes `1.25E0`; for texts and whole numbers it is the same, and slower.
std::string json_dumps(const boost::json::value& value);

}  // namespace beastapi
