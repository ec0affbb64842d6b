// What a database promises about the loss of power, and that this test would notice if it didn't
// keep it.
#include "log/test_database.hpp"
#include "support/power_cut_disk.hpp"
#include "support/sqlite_connections.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <array>
#include <map>
#include <random>

using namespace test;

namespace {

/// A server that commits batches until the power goes, and what its clients know.
class Server {
public:
    Server(const std::filesystem::path& file, bool syncs) : file_(file), syncs_(syncs) {}

    void run_until_power_goes(std::uint64_t seed) {
        random_.seed(seed);
        PowerCutDisk disk(seed);
        // In a few runs that's before the database is open.
        disk.cut_power_at(1 + static_cast<unsigned>(random_() % 400));
        waiting_.clear();
        try {
            Database database(file_);
            if (!syncs_) {
                SqliteConnections::ask("PRAGMA synchronous = OFF");
            }
            // Many runs end in the middle of a checkpoint.
            constexpr std::array pages{3, 10, 30, 1000};
            SqliteConnections::ask(
                fmt::format("PRAGMA wal_autocheckpoint = {}", pages[random_() % pages.size()]));
            while (true) {
                commit_batch(database);
            }
        } catch (const DatabaseError& error) {
            BOOST_TEST(disk.is_off(), error.what());
        }
    }

    /// What is wrong with the file after the power came back; empty if nothing is.
    std::string fault() {
        try {
            Database database(file_);
            for (const std::string& fault : database.check()) {
                return fault;
            }
            for (auto& [name, acknowledged] : acknowledged_) {
                if (std::string fault = fault_of(database, name, acknowledged); !fault.empty()) {
                    return fault;
                }
            }
            return repeats_that_are_not_known(database);
        } catch (const DatabaseError& error) {
            return error.what();
        }
    }

    std::size_t committed() const noexcept { return committed_; }

private:
    using Payloads = std::vector<std::string>;  // the first has the number 1

    void commit_batch(Database& database) {
        waiting_.clear();
        database.begin();
        for (auto count = 1 + random_() % 20; count > 0; --count) {
            const std::string name = fmt::format("room:{}", random_() % 3);
            auto head = database.find(name);
            if (!head) {
                head = database.create(name, "epoch of " + name);
            }
            const std::string id = std::to_string(++last_id_);
            const std::string payload = id + std::string(random_() % 700, 'x');
            database.append(*head, {.author = "alice", .id = id, .payload = payload},
                            at(minutes(0)), window);
            waiting_[name].push_back(payload);
        }
        database.commit();
        for (const auto& [name, payloads] : waiting_) {
            Payloads& all = acknowledged_[name];
            all.insert(all.end(), payloads.begin(), payloads.end());
        }
        waiting_.clear();
        ++committed_;
    }

    std::string fault_of(Database& database, const std::string& name, Payloads& acknowledged) {
        const auto head = database.find(name);
        if (!head) {
            return name + " is missing";
        }
        const Slice slice =
            database.read(*head, {.max_entries = 1'000'000, .max_bytes = 1'000'000'000});
        Payloads found;
        for (const auto& entry : slice.entries) {
            found.push_back(entry.payload);
        }
        const Payloads without = acknowledged;
        Payloads with = acknowledged;
        with.insert(with.end(), waiting_[name].begin(), waiting_[name].end());
        // Of what wasn't acknowledged, nothing or all may be there.
        if (found != without && found != with) {
            return fmt::format("{}: {} acknowledged, {} waited, {} found", name, without.size(),
                               waiting_[name].size(), found.size());
        }
        acknowledged = found;
        return "";
    }

    std::string repeats_that_are_not_known(Database& database) {
        database.begin();
        for (const auto& [name, acknowledged] : acknowledged_) {
            auto head = database.find(name);
            for (Seq seq = 1; seq <= acknowledged.size(); ++seq) {
                const std::string& payload = acknowledged[seq - 1];
                const Receipt receipt = database.append(
                    *head, {.author = "alice", .id = payload.substr(0, payload.find('x'))},
                    at(minutes(1)), window);
                if (receipt.result != Receipt::Result::duplicate || receipt.seq != seq) {
                    return fmt::format("{}: the repeat of {} isn't known", name, seq);
                }
            }
        }
        database.rollback();
        return "";
    }

    std::filesystem::path file_;
    bool syncs_;
    SqliteConnections connections_{};
    std::mt19937_64 random_{};
    std::uint64_t last_id_ = 0;
    std::map<std::string, Payloads> acknowledged_{};
    std::map<std::string, Payloads> waiting_{};  // in the batch that isn't committed
    std::size_t committed_ = 0;
};

constexpr std::uint64_t cuts = 400;
constexpr std::uint64_t cuts_of_one_file = 20;

}  // namespace

BOOST_AUTO_TEST_SUITE(database_power)

BOOST_AUTO_TEST_CASE(nothing_acknowledged_is_lost_when_the_power_goes) {
    std::size_t committed = 0;
    for (std::uint64_t seed = 0; seed < cuts; seed += cuts_of_one_file) {
        const TemporaryDirectory folder;
        Server server(folder.path() / "chat.db", true);
        for (std::uint64_t cut = 0; cut < cuts_of_one_file; ++cut) {
            server.run_until_power_goes(seed + cut);
            BOOST_REQUIRE_MESSAGE(server.fault().empty(),
                                  "seed " << seed << ", cut " << cut << ": " << server.fault());
        }
        committed += server.committed();
    }
    BOOST_TEST(committed > cuts);
    BOOST_TEST_MESSAGE(committed << " commits, " << cuts << " losses of power");
}

BOOST_AUTO_TEST_CASE(without_syncs_something_is_lost) {
    std::size_t lost = 0;
    for (std::uint64_t seed = 0; seed < 40; ++seed) {
        const TemporaryDirectory folder;
        Server server(folder.path() / "chat.db", false);
        for (std::uint64_t cut = 0; cut < 3; ++cut) {
            server.run_until_power_goes(seed * 3 + cut);
            if (!server.fault().empty()) {
                ++lost;
                break;
            }
        }
    }
    BOOST_TEST(lost > 10U);
    BOOST_TEST_MESSAGE(lost << " of 40 files lost something");
}

BOOST_AUTO_TEST_SUITE_END()
