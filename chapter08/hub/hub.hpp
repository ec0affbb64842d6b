// Where the shards of one chat meet, besides the log.
#pragma once

#include "hub/event.hpp"
#include "monitor/redis_figures.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <string>
#include <vector>

namespace chat_hub {

/// Brings what one shard says to all others. What one shard says arrives in the order in which it
/// said it, but signals in any.
///
/// A shard is one event loop with its connections. Everything belongs to its thread.
class Hub {
public:
    class Receiver {
    public:
        Receiver() = default;
        Receiver(const Receiver&) = delete;
        Receiver& operator=(const Receiver&) = delete;
        virtual ~Receiver() = default;

        /// What another shard has said, or that it has ended. It may be one's own, too.
        virtual void on_event(const Event& event) noexcept = 0;

        /// All connections of this shard that have entered: what the others have to know of it.
        virtual std::vector<Presence> own_presences() const = 0;
    };

    Hub() = default;
    Hub(const Hub&) = delete;
    Hub& operator=(const Hub&) = delete;
    virtual ~Hub() = default;

    /// A name that no other shard has, and this one only until it ends.
    virtual const std::string& shard() const noexcept = 0;

    /// From now on `receiver`, which has to outlive stop(), is told events on this executor.
    virtual void start(const boost::asio::any_io_executor& executor, Receiver& receiver) = 0;

    /// The others are told that this shard has ended.
    virtual void stop() noexcept = 0;

    /// False while others can't be reached: then nothing that is published arrives. When they can
    /// be reached again, they're told Receiver::own_presences().
    virtual bool is_available() const noexcept = 0;

    /// Tells the others. If memory runs out, it throws, and has told some of them or none: a state
    /// then tells all.
    virtual void publish(Event event) = 0;

    /// Of the connections to Redis, where there are some.
    virtual std::vector<monitor::RedisFigures> redis_figures() const { return {}; }
};

}  // namespace chat_hub
