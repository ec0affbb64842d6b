// What the inspector serves: `/inspect`, `/inspect.json` and what belongs to them.
#pragma once

#include "beastapi/request.hpp"
#include "beastapi/response.hpp"

#include <optional>

namespace beastapi {
class App;
}

namespace beastapi::inspect {

/// Adds the routes to an App, which has to outlive them. Where it isn't inspected, they answer 404,
/// and say how that is changed.
void add_pages(App& app);

/// The answer to who is no program of this machine; nothing for those.
std::optional<Response> refuse_all_but_local(const Request& request);

}  // namespace beastapi::inspect
