// A ConnectionManager without members; with members it is tested on real connections, in
// tests/integration.
#include "chat/connection_manager.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

using beastapi::WebSocket;
using chat::ChatSettings;
using chat::ConnectionManager;

namespace {

/// A handle of no connection: good for asking about it, and for nothing else.
WebSocket stranger() {
    return WebSocket(nullptr);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(connection_manager)

BOOST_AUTO_TEST_CASE(at_first_nobody_is_there) {
    const ConnectionManager manager;
    BOOST_TEST(manager.get_connection_count() == 0U);
    BOOST_TEST(manager.get_connected_users().empty());
    BOOST_TEST(manager.get_activity().empty());
    BOOST_TEST(!manager.is_connected("Alice"));
    BOOST_TEST(!manager.is_connected(""));
}

BOOST_AUTO_TEST_CASE(a_message_to_nobody_is_not_sent) {
    const ConnectionManager manager;
    BOOST_TEST(!manager.send_to_user("text", "Alice"));
    BOOST_TEST(!manager.send_to_user("text", ""));
    manager.broadcast("text");
    manager.broadcast("text", stranger());
}

BOOST_AUTO_TEST_CASE(a_connection_that_is_no_member_is_left_alone) {
    ConnectionManager manager;
    manager.update_activity(stranger());
    BOOST_TEST((manager.idle_time(stranger()) == std::chrono::steady_clock::duration::zero()));
    manager.disconnect(stranger());
    manager.disconnect(stranger());
    BOOST_TEST(manager.get_connection_count() == 0U);
}

BOOST_AUTO_TEST_CASE(it_speaks_the_language_and_knows_the_times_of_its_settings) {
    ChatSettings settings;
    settings.locale = chat::Locale::en;
    settings.heartbeat_interval = std::chrono::milliseconds(2500);
    const ConnectionManager manager(settings);
    const auto welcome = boost::json::parse(manager.welcome_with_heartbeat("Alice")).as_object();
    BOOST_TEST(welcome.at("message").as_string() ==
               "Welcome to the chat room, Alice (heartbeat detection is on)!");
    BOOST_TEST(welcome.at("heartbeat_interval").to_number<double>() == 2.5);
    BOOST_TEST((manager.settings().heartbeat_timeout == std::chrono::seconds(30)));
}

BOOST_AUTO_TEST_SUITE_END()
