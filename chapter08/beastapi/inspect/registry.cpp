#include "beastapi/inspect/registry.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <new>

namespace beastapi::inspect {

namespace {

/// All loops number together, so that a list can be asked for page by page.
std::uint64_t next_number() noexcept {
    static std::atomic<std::uint64_t> last = 0;
    return last.fetch_add(numbers_of_a_node, std::memory_order_relaxed) + numbers_of_a_node;
}

}  // namespace

Node* Registry::wait(const void* thread, const Where& where) noexcept {
    try {
        const auto now = Clock::now();
        charge(now);
        Node* node = current();
        if (node != nullptr && node->thread == thread) {
            running_.pop_back();
            note_start(*node, where, now);
        } else if (Node* const known = find(thread)) {
            // Its last operand has ended, and it went on within the same turn.
            if (known->state == Node::State::joins) {
                ++known->resumptions;
                record(*known, "resumed", now);
            }
            node = known;
            running_.clear();
        } else {
            node = &add(node, thread, now);
            note_start(*node, where, now);
        }
        node->state = Node::State::waits;
        node->where = where;
        node->joining = {};
        node->since = now;
        record(*node, "waits", now);
        return node;
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void Registry::resume(Node& node, bool cancelled) noexcept {
    const auto now = Clock::now();
    node.state = Node::State::running;
    node.since = now;
    ++node.resumptions;
    record(node, cancelled ? "cancelled" : "resumed", now);
    run(node, now);
}

void Registry::abandon(Node& node) noexcept {
    node.state = Node::State::running;
    record(node, "cancelled", Clock::now());
    if (node.task == nullptr) {
        remove(node);
    }
}

void Registry::join(const Where& where) noexcept {
    if (Node* const node = current(); node != nullptr && node->joining.what == nullptr) {
        node->joining = where;
    }
}

// Only if it has waited does it have a node; else the one that runs is still its starter.
void Registry::end_operand(const Node* starter) noexcept {
    Node* const node = current();
    if (node == nullptr || node->parent == nullptr || node->parent != starter) {
        return;
    }
    Node& parent = *node->parent;
    finish(*node);
    run(parent, Clock::now());
}

Node* Registry::begin_task(std::unique_ptr<Task> task, const void* thread) noexcept {
    try {
        const auto now = Clock::now();
        Node& node = add(nullptr, thread, now);
        node.task = std::move(task);
        run(node, now);
        return &node;
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void Registry::end_task(Node& node) noexcept {
    charge(Clock::now());
    if (node.where.what != nullptr) {
        record(node, "finished", Clock::now());
    }
    remove(node);
}

void Registry::end_turn() noexcept {
    if (running_.empty() && touched_.empty()) {
        return;
    }
    charge(Clock::now());
    running_.clear();
    // The end of one may touch another.
    for (std::size_t i = 0; i < touched_.size(); ++i) {
        if (Node* const node = std::exchange(touched_[i], nullptr)) {
            node->touched = false;
            look_after_turn(*node);
        }
    }
    touched_.clear();
}

void Registry::look_after_turn(Node& node) noexcept {
    if (node.state == Node::State::waits) {
        return;
    }
    if (!node.children.empty()) {
        begin_to_join(node);
    } else if (node.task == nullptr) {
        finish(node);
    }
}

void Registry::begin_to_join(Node& node) noexcept {
    if (node.state == Node::State::joins) {
        return;
    }
    if (node.joining.what == nullptr) {
        // Bare operands: nobody has said where.
        node.joining = Where("its children", std::source_location());
    }
    node.since = Clock::now();
    note_start(node, node.joining, node.since);
    node.where = std::exchange(node.joining, {});
    node.state = Node::State::joins;
    record(node, "waits", node.since);
}

void Registry::note_lag(Clock::duration lag) noexcept {
    largest_lag_ = std::max(largest_lag_, lag);
    lags_[next_lag_] = {Clock::now(), lag};
    next_lag_ = (next_lag_ + 1) % lags_.size();
}

Registry::Clock::duration Registry::recent_lag() const noexcept {
    const auto begin = Clock::now() - std::chrono::seconds(1);
    Clock::duration largest{};
    for (const auto& [when, lag] : lags_) {
        if (when >= begin) {
            largest = std::max(largest, lag);
        }
    }
    return largest;
}

const Node& Registry::task_of(const Node& node) noexcept {
    const Node* top = &node;
    while (top->parent != nullptr) {
        top = top->parent;
    }
    return *top;
}

bool Registry::is_hidden(const Node& node) noexcept {
    const Node& top = task_of(node);
    return top.task != nullptr && top.task->hidden;
}

Node& Registry::add(Node* parent, const void* thread, Clock::time_point now) {
    std::list<Node> made;
    Node& node = made.emplace_back(*this, next_number(), thread, now);
    by_thread_[thread] = &node;
    node.parent = parent;
    node.self = made.begin();
    auto& into = parent == nullptr ? tasks_ : parent->children;
    into.splice(into.end(), made);
    return node;
}

Node* Registry::find(const void* thread) const noexcept {
    const auto known = by_thread_.find(thread);
    return known == by_thread_.end() ? nullptr : known->second;
}

void Registry::finish(Node& node) noexcept {
    const auto now = Clock::now();
    charge(now);
    record(node, "finished", now);
    Node* const parent = node.parent;
    remove(node);
    if (parent != nullptr) {
        on_child_ended(*parent);
    }
}

void Registry::on_child_ended(Node& parent) noexcept {
    if (!parent.children.empty() || parent.state != Node::State::joins) {
        return;
    }
    const auto now = Clock::now();
    parent.state = Node::State::running;
    parent.since = now;
    ++parent.resumptions;
    record(parent, "resumed", now);
    touch(parent);
}

// What it has started and not waited for goes on as a task of its own. It needs no memory.
void Registry::remove(Node& node) noexcept {
    if (find(node.thread) == &node) {
        by_thread_.erase(node.thread);
    }
    std::erase(running_, &node);
    std::ranges::replace(touched_, &node, static_cast<Node*>(nullptr));
    for (Node& child : node.children) {
        child.parent = nullptr;
    }
    tasks_.splice(tasks_.end(), node.children);
    (node.parent == nullptr ? tasks_ : node.parent->children).erase(node.self);
}

void Registry::run(Node& node, Clock::time_point now) noexcept {
    charge(now);
    slice_ = now;
    touch(node);
    try {
        running_.push_back(&node);
    } catch (const std::bad_alloc&) {
        running_.clear();
    }
}

void Registry::charge(Clock::time_point now) noexcept {
    if (Node* const node = current()) {
        node->busy += now - slice_;
    }
    slice_ = now;
}

void Registry::touch(Node& node) noexcept {
    if (node.touched) {
        return;
    }
    try {
        touched_.push_back(&node);
        node.touched = true;
    } catch (const std::bad_alloc&) {}  // then it's there until its task ends
}

// The first wait tells which function it is.
void Registry::note_start(Node& node, const Where& where, Clock::time_point now) noexcept {
    if (node.where.what == nullptr) {
        node.where = where;
        record(node, "started", now);
    }
}

void Registry::record(const Node& node, const char* what, Clock::time_point now) noexcept {
    if (is_hidden(node)) {
        return;
    }
    try {
        transitions_.push_back({now, task_of(node).id, node.id, what, node.where});
        if (transitions_.size() > max_transitions) {
            transitions_.pop_front();
        }
    } catch (const std::bad_alloc&) {}
}

}  // namespace beastapi::inspect
