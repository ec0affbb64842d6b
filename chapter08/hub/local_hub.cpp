#include "hub/local_hub.hpp"

#include <boost/asio/post.hpp>

#include <mutex>
#include <utility>

namespace chat_hub {

namespace {

using EventPtr = std::shared_ptr<const Event>;

/// The events that a shard hasn't been told yet.
struct Queue {
    boost::asio::any_io_executor executor{};  // empty: the shard hasn't started, or it has stopped
    std::vector<EventPtr> events{};
    bool awake = false;
    Hub::Receiver* receiver = nullptr;  // its own thread's
};

struct Meeting {
    std::mutex mutex{};
    std::vector<std::shared_ptr<Queue>> queues{};
};

class LocalHub final : public Hub {
public:
    LocalHub(std::shared_ptr<Meeting> meeting, std::shared_ptr<Queue> queue, std::string shard)
        : meeting_(std::move(meeting)), queue_(std::move(queue)), shard_(std::move(shard)) {}
    ~LocalHub() override { LocalHub::stop(); }

    const std::string& shard() const noexcept override { return shard_; }

    void start(const boost::asio::any_io_executor& executor, Receiver& receiver) override {
        queue_->receiver = &receiver;
        const std::lock_guard lock(meeting_->mutex);
        queue_->executor = executor;
    }

    void stop() noexcept override {
        queue_->receiver = nullptr;
        const std::lock_guard lock(meeting_->mutex);
        queue_->executor = {};
        queue_->events.clear();
    }

    bool is_available() const noexcept override { return true; }

    void publish(Event event) override {
        const auto shared = std::make_shared<const Event>(std::move(event));
        const std::lock_guard lock(meeting_->mutex);
        for (const auto& queue : meeting_->queues) {
            if (queue != queue_ && queue->executor) {
                queue->events.push_back(shared);
                wake(queue);
            }
        }
    }

private:
    /// While the lock is held.
    void wake(const std::shared_ptr<Queue>& queue) {
        if (!queue->awake) {
            boost::asio::post(queue->executor,
                              [meeting = meeting_, queue] { tell(*meeting, *queue); });
            queue->awake = true;
        }
    }

    /// On the thread of the queue.
    static void tell(Meeting& meeting, Queue& queue) {
        std::vector<EventPtr> events;
        {
            const std::lock_guard lock(meeting.mutex);
            queue.awake = false;
            events.swap(queue.events);
        }
        for (const EventPtr& event : events) {
            if (queue.receiver != nullptr) {
                queue.receiver->on_event(*event);
            }
        }
    }

    std::shared_ptr<Meeting> meeting_;
    std::shared_ptr<Queue> queue_;
    std::string shard_;
};

}  // namespace

std::vector<std::unique_ptr<Hub>> make_local_hubs(std::size_t shards) {
    const auto meeting = std::make_shared<Meeting>();
    std::vector<std::unique_ptr<Hub>> hubs;
    for (std::size_t i = 0; i < shards; ++i) {
        const auto queue = std::make_shared<Queue>();
        meeting->queues.push_back(queue);
        hubs.push_back(std::make_unique<LocalHub>(meeting, queue, std::to_string(i)));
    }
    return hubs;
}

}  // namespace chat_hub
