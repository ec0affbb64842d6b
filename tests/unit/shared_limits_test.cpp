// What the workers of a server count together, from many threads at once.
#include "beastapi/http/shared_limits.hpp"

#include "beastapi/net/outbox.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <functional>
#include <latch>
#include <string>
#include <thread>
#include <variant>
#include <vector>

using namespace beastapi::detail;
using beastapi::Refusals;
using beastapi::ServerSettings;
using boost::asio::ip::tcp;

namespace {

constexpr int threads = 4;
constexpr int rounds = 2'000;

/// Calls the function from all threads, which begin together, with their numbers.
void at_once(const std::function<void(int)>& function) {
    std::latch begin(threads);
    std::vector<std::jthread> running;
    running.reserve(threads);
    for (int i = 0; i < threads; ++i) {
        running.emplace_back([&, i] {
            begin.arrive_and_wait();
            function(i);
        });
    }
}

ServerSettings narrow() {
    ServerSettings settings;
    settings.max_connections = 6;
    settings.max_connections_per_address = 5;
    settings.reserved_connections = 2;
    settings.max_answer_bytes = 1'000;
    settings.max_answer_bytes_per_address = 800;
    settings.request_rate = 0.001;
    settings.request_burst = 1'000;
    settings.client_rate_out = 0.001;
    settings.client_burst_out = 1'000;
    return settings;
}

const auto address = boost::asio::ip::make_address("192.0.2.1");

/// An outbox whose peer takes nothing, in an io_context of its own.
struct Reader {
    Reader(OutboxLimits limits, QueuedBytes& everywhere)
        : peer(context), coalescer(context, limits, &everywhere) {
        tcp::acceptor acceptor(context, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
        peer.connect(acceptor.local_endpoint());
        Outbox::Socket socket(context);
        acceptor.accept(socket);
        socket.non_blocking(true);
        outbox = std::make_shared<Outbox>(std::move(socket), coalescer);
    }

    boost::asio::io_context context{1};
    tcp::socket peer;
    WriteCoalescer coalescer;
    std::shared_ptr<Outbox> outbox;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(shared_limits)

BOOST_AUTO_TEST_CASE(places_are_never_more_than_there_are) {
    SharedLimits limits(narrow());
    std::atomic<int> inside = 0;
    std::atomic<int> most = 0;
    std::atomic<int> refused = 0;
    at_once([&](int i) {
        const auto client = limits.clients.of_address(
            boost::asio::ip::make_address("192.0.2." + std::to_string(i % 2)));
        for (int round = 0; round < rounds; ++round) {
            std::vector<Admission::Slot> slots;
            for (int tries = 0; tries < 3; ++tries) {
                auto place = limits.admission.acquire(client);
                if (auto* const slot = std::get_if<Admission::Slot>(&place)) {
                    limits.admission.confirm(*slot, true);
                    slots.push_back(std::move(*slot));
                    const int now = ++inside;
                    int before = most;
                    while (now > before && !most.compare_exchange_weak(before, now)) {}
                } else {
                    ++refused;
                }
            }
            inside -= static_cast<int>(slots.size());
        }
    });
    BOOST_TEST(most <= 6);
    BOOST_TEST(most > 0);
    BOOST_TEST(limits.admission.connections() == 0U);
    // All are there again, the kept ones as well.
    const auto client = limits.clients.of_address(address);
    std::vector<Admission::Slot> slots;
    for (int i = 0; i < 4; ++i) {
        auto place = limits.admission.acquire(client);
        BOOST_TEST_REQUIRE(std::holds_alternative<Admission::Slot>(place));
        slots.push_back(std::get<Admission::Slot>(std::move(place)));
        BOOST_TEST(!slots.back().is_reserved());
    }
}

BOOST_AUTO_TEST_CASE(answers_leave_the_memory_as_it_was) {
    SharedLimits limits(narrow());
    std::atomic<std::size_t> held = 0;
    std::atomic<bool> too_much = false;
    at_once([&](int) {
        const auto client = limits.clients.of_address(address);
        for (int round = 0; round < rounds; ++round) {
            if (const auto answer = limits.admission.hold_answer(client, 300)) {
                too_much = too_much || (held += 300) > 800;
                held -= 300;
            }
        }
    });
    BOOST_TEST(!too_much);
    BOOST_TEST(limits.admission.answer_bytes() == 0U);
    const auto client = limits.clients.of_address(address);
    BOOST_TEST(limits.admission.hold_answer(client, 800).has_value());
}

BOOST_AUTO_TEST_CASE(a_client_has_one_budget_whichever_worker_it_comes_to) {
    SharedLimits limits(narrow());
    std::atomic<int> requests = 0;
    std::atomic<int> bytes = 0;
    at_once([&](int) {
        for (int round = 0; round < rounds; ++round) {
            const auto client = limits.clients.of_address(address);
            requests += client->take_request().count() == 0 ? 1 : 0;
            bytes += client->take_out(1).count() == 0 ? 1 : 0;
            client->take_in(1);
            client->allowance_in();
        }
    });
    BOOST_TEST(requests == 1'000);
    BOOST_TEST(bytes == 1'000);
}

BOOST_AUTO_TEST_CASE(clients_that_come_and_go_everywhere_are_forgotten_everywhere) {
    ServerSettings settings;
    settings.connection_rate = 0;
    settings.request_rate = 0;
    SharedLimits limits(settings);
    at_once([&](int i) {
        for (int round = 0; round < rounds; ++round) {
            const auto client = limits.clients.of_user(std::to_string(i * rounds + round));
            client->owe_out(1);
            client->debt_out();
        }
    });
    BOOST_TEST(limits.clients.size() <= 2'048U);
}

BOOST_AUTO_TEST_CASE(what_is_refused_is_counted_once_and_told_by_all) {
    Refusals first;
    Refusals second;
    second.count("origin");
    second.join(first);
    second.join(first);
    at_once([&](int i) {
        Refusals& refusals = i % 2 == 0 ? first : second;
        for (int round = 0; round < rounds; ++round) {
            refusals.count(round % 2 == 0 ? "origin" : "host");
            refusals.of("host");
        }
    });
    const auto counts = first.by_reason();
    BOOST_TEST((counts == second.by_reason()));
    BOOST_TEST(counts.at("origin") == threads * rounds / 2 + 1U);
    BOOST_TEST(counts.at("host") == threads * rounds / 2);
}

BOOST_AUTO_TEST_CASE(what_waits_for_readers_here_counts_there) {
    constexpr std::size_t total = 1024 * 1024;
    constexpr std::size_t more = Outbox::high_water + 1;
    SharedLimits limits(ServerSettings{});
    {
        Reader here({.total = total}, limits.queued_bytes);
        Reader there({.total = total}, limits.queued_bytes);
        BOOST_TEST(here.outbox->has_room_for(more));
        // The system takes some of it.
        there.outbox->append(std::string(16 * total, 'x'));
        const std::size_t waiting = there.outbox->size();
        BOOST_TEST_REQUIRE(waiting > 2 * total);
        BOOST_TEST(there.coalescer.queued_bytes() == waiting);
        BOOST_TEST(here.coalescer.queued_bytes() + 64 * 1024 >= waiting);
        BOOST_TEST(!here.outbox->has_room_for(more));
        there.outbox->abort();
        BOOST_TEST(here.coalescer.queued_bytes() <= 64 * 1024U);
        BOOST_TEST(here.outbox->has_room_for(more));
        here.outbox->append(std::string(4 * total, 'x'));
        here.outbox->abort();
    }
    BOOST_TEST(limits.queued_bytes == 0);
}

BOOST_AUTO_TEST_SUITE_END()
