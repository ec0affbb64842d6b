// What this shard and the others tell each other of who is where.
#pragma once

#include "chat/connection_manager.hpp"
#include "chat/elsewhere.hpp"
#include "chat/inboxes.hpp"
#include "chat/notices.hpp"
#include "hub/hub.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace chat {

/// Each shard tells the others which connections come and go, and counts those of all. So a user
/// comes with the first connection anywhere and goes with the last, and each member is told of that
/// once, by its own shard.
///
/// Without a hub there are no others, and nothing is told. Telling never throws: what there's no
/// memory for is told with the whole state later.
class OtherShards final : public chat_hub::Hub::Receiver {
public:
    /// `hub` may be null; the rest has to outlive it.
    OtherShards(std::unique_ptr<chat_hub::Hub> hub, ConnectionManager& manager, Notices& notices,
                Inboxes& inboxes);

    void start(const boost::asio::any_io_executor& executor);
    void stop() noexcept;

    /// Where a connection is, to be told when it has left; nothing if there's nobody to tell.
    std::optional<chat_hub::Presence> place_of(const Member& member, const Room& room) noexcept;

    void tell_entered(const Member& member, const Room& room) noexcept;
    void tell_left(std::optional<chat_hub::Presence> place) noexcept;

    /// To be heard by those who are in that room, or in the lobby, at the other shards.
    void tell_signal(const Room& room, std::string_view text) noexcept;

    /// Null if there are no other shards.
    const chat_hub::Hub* hub() const noexcept { return hub_.get(); }

    void on_event(const chat_hub::Event& event) noexcept override;
    std::vector<chat_hub::Presence> own_presences() const override;

private:
    void tell(chat_hub::Event::Kind kind, chat_hub::Presence place);
    void on_entered(const chat_hub::Presence& presence);
    void on_left(const chat_hub::Presence& presence);
    void on_signal(const chat_hub::Event& signal) const;

    std::unique_ptr<chat_hub::Hub> hub_;
    ConnectionManager& manager_;
    Notices& notices_;
    Inboxes& inboxes_;
    Elsewhere elsewhere_;
    bool owes_state_ = false;  // something could not be told
};

}  // namespace chat
