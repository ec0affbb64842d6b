#include "log/shared_log.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <functional>
#include <unordered_set>
#include <utility>

namespace chat_log {

/// What one event loop has to do yet. Its thread alone takes tasks out.
class SharedLog::Queue : public std::enable_shared_from_this<Queue> {
public:
    using Task = std::function<void(View&)>;

    Queue(std::mutex& mutex, View& view) : mutex_(mutex), view_(&view) {}

    void start(const boost::asio::any_io_executor& executor) {
        const std::lock_guard lock(mutex_);
        executor_ = executor;
    }

    /// On its thread.
    void stop() noexcept {
        view_ = nullptr;
        std::vector<Task> dropped;
        const std::lock_guard lock(mutex_);
        executor_ = {};
        tasks_.swap(dropped);
    }

    /// While the lock is held.
    void push(Task task) noexcept {
        tasks_.push_back(std::move(task));
        if (!awake_ && executor_) {
            awake_ = true;
            boost::asio::post(executor_, [self = shared_from_this()] { self->run(); });
        }
    }

    /// While the lock is held, on its thread: run() follows, so nobody has to wake it.
    void stay_awake() noexcept { awake_ = true; }

    /// On its thread: does all that is there, in order.
    void run() {
        if (running_ || view_ == nullptr) {
            return;  // a task has asked for more, which comes behind it; or it has stopped
        }
        running_ = true;
        std::vector<Task> tasks = take();
        while (!tasks.empty()) {
            for (const Task& task : tasks) {
                if (view_ == nullptr) {
                    return;
                }
                task(*view_);
            }
            tasks = take();
        }
        running_ = false;
    }

private:
    std::vector<Task> take() {
        const std::lock_guard lock(mutex_);
        awake_ = false;
        return std::exchange(tasks_, {});
    }

    std::mutex& mutex_;
    View* view_;
    boost::asio::any_io_executor executor_;  // empty: it hasn't started, or it has stopped
    std::vector<Task> tasks_;
    bool awake_ = false;
    bool running_ = false;
};

/// Has a Conversation of its own for each that is open, without messages: a read asks the shared
/// log.
class SharedLog::View : public Log {
public:
    explicit View(std::shared_ptr<SharedLog> shared)
        : shared_(std::move(shared)), queue_(std::make_shared<Queue>(shared_->mutex_, *this)) {}
    ~View() override { View::stop(); }

    void start(const boost::asio::any_io_executor& executor) override { queue_->start(executor); }
    void stop() noexcept override;
    void open(const std::string& name, Opened opened) override;
    void restart(const ConversationPtr& conversation, Opened restarted) override;
    void append(const ConversationPtr& conversation, Draft draft, Appended appended) override;
    void read(const ConversationPtr& conversation, const Range& range, Read read) override;
    void catch_up(const ConversationPtr& conversation, const std::string& epoch, Seq seq,
                  Opened caught_up) override;
    std::optional<monitor::Durations> commits() const override { return shared_->log_->commits(); }

    void add(const std::string& name, const Entry& entry);
    void begin_anew(const std::string& name, const std::string& epoch);

private:
    /// Where a conversation is when it's opened.
    struct Start {
        std::string name{};
        std::string epoch{};
        Seq last_seq = 0;
        bool is_new = false;
    };

    template <class Function>
    void ask(Function function);
    template <class Answer, class Value>
    void answer(const std::weak_ptr<Answer>& waiting, Value value);
    template <class Answer>
    std::weak_ptr<Answer> keep(Answer answer);

    ConversationPtr find(const std::string& name) const;
    ConversationPtr take_in(const Start& start);
    void finish_opening(const std::string& name, const ConversationPtr& conversation);

    std::shared_ptr<SharedLog> shared_;
    std::shared_ptr<Queue> queue_;
    std::unordered_map<std::string, std::weak_ptr<Conversation>> conversations_;
    std::unordered_map<std::string, std::vector<Opened>> opening_;
    // The shared log has only weak references to these, which end with this view.
    std::unordered_set<std::shared_ptr<void>> waiting_;
};

SharedLog::SharedLog(std::unique_ptr<MemoryLog> log) : log_(std::move(log)) {}

SharedLog::SharedLog(std::unique_ptr<DatabaseLog> log) {
    log->start_on([this](const std::function<void()>& answers) {
        const std::lock_guard lock(mutex_);
        answers();
    });
    log_ = std::move(log);
}

SharedLog::~SharedLog() {
    const std::lock_guard lock(mutex_);
    log_->stop();
}

std::unique_ptr<Log> SharedLog::view() {
    return std::make_unique<View>(shared_from_this());
}

void SharedLog::subscribe(const ConversationPtr& conversation,
                          const std::shared_ptr<Queue>& queue) {
    Shared& shared = shared_[conversation->name()];
    if (std::ranges::find(shared.followers, queue) == shared.followers.end()) {
        shared.followers.push_back(queue);
    }
    if (shared.conversation) {
        return;
    }
    shared.conversation = conversation;
    const auto hand_on = [&shared, name = conversation->name()](const Entry& entry) {
        const auto item = std::make_shared<const std::pair<std::string, Entry>>(name, entry);
        for (const auto& follower : shared.followers) {
            follower->push([item](View& view) { view.add(item->first, item->second); });
        }
    };
    const auto begun_anew = [&shared] {
        for (const auto& follower : shared.followers) {
            follower->push([name = shared.conversation->name(),
                            epoch = shared.conversation->epoch()](View& view) {
                view.begin_anew(name, epoch);
            });
        }
    };
    conversation->follow(hand_on, begun_anew);
}

void SharedLog::unsubscribe(const std::string& name, const Queue& queue) noexcept {
    const auto found = shared_.find(name);
    if (found == shared_.end()) {
        return;
    }
    std::erase_if(found->second.followers,
                  [&queue](const auto& follower) { return follower.get() == &queue; });
    if (found->second.followers.empty()) {
        found->second.conversation->follow({});
        shared_.erase(found);
    }
}

ConversationPtr SharedLog::find(const std::string& name) const {
    const auto found = shared_.find(name);
    return found == shared_.end() ? nullptr : found->second.conversation;
}

void SharedLog::View::stop() noexcept {
    queue_->stop();
    opening_.clear();
    waiting_.clear();
}

void SharedLog::View::open(const std::string& name, Opened opened) {
    if (ConversationPtr conversation = find(name)) {
        opened(std::move(conversation));
        return;
    }
    std::vector<Opened>& opening = opening_[name];
    opening.push_back(std::move(opened));
    if (opening.size() > 1) {
        return;
    }
    ask([&] {
        const auto on_opened = [shared = shared_.get(), queue = queue_,
                                name](const ConversationPtr& conversation) {
            if (!conversation) {
                queue->push([name](View& view) { view.finish_opening(name, nullptr); });
                return;
            }
            shared->subscribe(conversation, queue);
            const Start start{.name = name,
                              .epoch = conversation->epoch(),
                              .last_seq = conversation->last_seq(),
                              .is_new = conversation->is_new()};
            conversation->set_known();
            queue->push(
                [start](View& view) { view.finish_opening(start.name, view.take_in(start)); });
        };
        shared_->log_->open(name, on_opened);
    });
}

void SharedLog::View::finish_opening(const std::string& name, const ConversationPtr& conversation) {
    for (const Opened& opened : std::exchange(opening_[name], {})) {
        opened(conversation);
    }
    opening_.erase(name);
}

ConversationPtr SharedLog::View::take_in(const Start& start) {
    const auto close = [shared = std::weak_ptr(shared_), queue = queue_](Conversation* closed) {
        const std::unique_ptr<Conversation> conversation(closed);
        if (const auto log = shared.lock()) {
            const std::lock_guard lock(log->mutex_);
            log->unsubscribe(conversation->name(), *queue);
        }
    };
    ConversationPtr conversation(new Conversation(start.name), close);
    conversation->begin(start.epoch, start.last_seq);
    if (!start.is_new) {
        conversation->set_known();
    }
    conversations_[start.name] = conversation;
    return conversation;
}

void SharedLog::View::restart(const ConversationPtr& conversation, Opened restarted) {
    const auto waiting = keep(std::move(restarted));
    ask([&] {
        const auto on_restarted = [queue = queue_, name = conversation->name(),
                                   waiting](const ConversationPtr& shared) {
            const bool is_there = shared != nullptr;
            queue->push([waiting, name, is_there](View& view) {
                view.answer(waiting, is_there ? view.find(name) : nullptr);
            });
        };
        shared_->log_->restart(shared_->find(conversation->name()), on_restarted);
    });
}

void SharedLog::View::append(const ConversationPtr& conversation, Draft draft, Appended appended) {
    const auto waiting = keep(std::move(appended));
    ask([&] {
        const auto on_appended = [queue = queue_, waiting](const Receipt& receipt) {
            queue->push([waiting, receipt](View& view) { view.answer(waiting, receipt); });
        };
        shared_->log_->append(shared_->find(conversation->name()), std::move(draft), on_appended);
    });
}

void SharedLog::View::read(const ConversationPtr& conversation, const Range& range, Read read) {
    const auto waiting = keep(std::move(read));
    ask([&] {
        const auto on_read = [queue = queue_, waiting](Slice slice) {
            queue->push(
                [waiting, slice = std::move(slice)](View& view) { view.answer(waiting, slice); });
        };
        shared_->log_->read(shared_->find(conversation->name()), range, on_read);
    });
}

// What others have said may still wait in the queue.
void SharedLog::View::catch_up(const ConversationPtr& conversation, const std::string& /*epoch*/,
                               Seq /*seq*/, Opened caught_up) {
    const auto waiting = keep(std::move(caught_up));
    ask([&] {
        queue_->push([waiting, conversation](View& view) { view.answer(waiting, conversation); });
    });
}

void SharedLog::View::add(const std::string& name, const Entry& entry) {
    const ConversationPtr conversation = find(name);
    if (conversation && entry.seq == conversation->last_seq() + 1) {
        conversation->add(entry);
        conversation->forget_oldest();
    }
}

void SharedLog::View::begin_anew(const std::string& name, const std::string& epoch) {
    const ConversationPtr conversation = find(name);
    if (conversation && conversation->epoch() != epoch) {
        conversation->begin(epoch);
    }
}

ConversationPtr SharedLog::View::find(const std::string& name) const {
    const auto found = conversations_.find(name);
    return found == conversations_.end() ? nullptr : found->second.lock();
}

/// Calls the function with the lock, and then does what has come of it.
template <class Function>
void SharedLog::View::ask(Function function) {
    try {
        const std::lock_guard lock(shared_->mutex_);
        queue_->stay_awake();
        function();
    } catch (...) {
        queue_->run();
        throw;
    }
    queue_->run();
}

template <class Answer>
std::weak_ptr<Answer> SharedLog::View::keep(Answer answer) {
    const auto kept = std::make_shared<Answer>(std::move(answer));
    waiting_.insert(kept);
    return kept;
}

template <class Answer, class Value>
void SharedLog::View::answer(const std::weak_ptr<Answer>& waiting, Value value) {
    if (const auto kept = waiting.lock()) {
        waiting_.erase(kept);
        (*kept)(std::move(value));
    }
}

}  // namespace chat_log
