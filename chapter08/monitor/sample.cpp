#include "monitor/sample.hpp"

#include <algorithm>
#include <iterator>

namespace monitor {

Sample take_sample(const beastapi::App& app, chat::Chat& chat) {
    Sample sample{.traffic = app.traffic(),
                  .load = app.load(),
                  .chat = chat.manager().activity(),
                  .redis = chat.log().redis_figures()};
    if (const chat_hub::Hub* const hub = chat.others().hub()) {
        std::ranges::copy(hub->redis_figures(), std::back_inserter(sample.redis));
        sample.hub_available = hub->is_available();
    }
    return sample;
}

}  // namespace monitor
