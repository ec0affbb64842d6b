// Runs the event loop of a test of Redis until something is so.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <functional>
#include <string_view>

namespace test {

class TestLoop {
public:
    /// Runs it until `done` holds.
    void run_until(const std::function<bool()>& done, std::string_view what) {
        constexpr auto deadline = std::chrono::seconds(30);
        const auto end = std::chrono::steady_clock::now() + deadline;
        while (!done()) {
            BOOST_TEST_REQUIRE((std::chrono::steady_clock::now() < end),
                               "waited in vain for " << what);
            context.run_one_for(std::chrono::milliseconds(20));
        }
    }

    boost::asio::io_context context{1};

private:
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_ =
        boost::asio::make_work_guard(context);
};

}  // namespace test
