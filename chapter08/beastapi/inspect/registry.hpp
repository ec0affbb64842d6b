// The coroutines of one event loop, as the inspector sees them.
#pragma once

#include "beastapi/inspect/node.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace beastapi::inspect {

/// Is told by the leaves, the functions of beastapi in which a coroutine suspends, and finds out
/// the rest by itself:
///
/// - Asio's thread says which coroutine it is. One that isn't known yet was started by the one that
///   runs: an operand of `||`, or, where none runs, a task of its own.
/// - One that has run, and waits nowhere when the turn of the loop ends, has ended, unless it has
///   children, for which it waits then.
///
/// All of it belongs to the loop's thread. Where memory runs out, it forgets; it never throws.
class Registry {
public:
    using Clock = Node::Clock;

    static constexpr std::size_t max_transitions = 200;

    /// `number` is that of the worker whose loop it is.
    explicit Registry(std::size_t number) noexcept : number_(number) {}
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;

    /// A coroutine of that thread suspends. Null: it can't be kept.
    Node* wait(const void* thread, const Where& where) noexcept;
    void resume(Node& node, bool cancelled) noexcept;
    /// The coroutine was destroyed while it waited.
    void abandon(Node& node) noexcept;

    /// The coroutine that runs is about to wait for operands.
    void join(const Where& where) noexcept;
    /// An operand that was started when `starter` ran has come to its end.
    void end_operand(const Node* starter) noexcept;

    Node* begin_task(std::unique_ptr<Task> task, const void* thread) noexcept;
    void end_task(Node& node) noexcept;

    /// The loop goes to its next handler.
    void end_turn() noexcept;

    /// By how much a timer was late.
    void note_lag(Clock::duration lag) noexcept;
    /// The largest in the last second.
    Clock::duration recent_lag() const noexcept;
    Clock::duration largest_lag() const noexcept { return largest_lag_; }

    /// Which runs; null: none that is known.
    Node* current() const noexcept { return running_.empty() ? nullptr : running_.back(); }

    std::size_t number() const noexcept { return number_; }
    const std::list<Node>& tasks() const noexcept { return tasks_; }
    const std::deque<Transition>& transitions() const noexcept { return transitions_; }

    static const Node& task_of(const Node& node) noexcept;
    static bool is_hidden(const Node& node) noexcept;

private:
    Node& add(Node* parent, const void* thread, Clock::time_point now);
    Node* find(const void* thread) const noexcept;
    void remove(Node& node) noexcept;
    void finish(Node& node) noexcept;
    void on_child_ended(Node& parent) noexcept;
    void look_after_turn(Node& node) noexcept;
    void begin_to_join(Node& node) noexcept;
    void run(Node& node, Clock::time_point now) noexcept;
    void charge(Clock::time_point now) noexcept;
    void touch(Node& node) noexcept;
    void note_start(Node& node, const Where& where, Clock::time_point now) noexcept;
    void record(const Node& node, const char* what, Clock::time_point now) noexcept;

    std::size_t number_;
    std::list<Node> tasks_;
    std::unordered_map<const void*, Node*> by_thread_;
    std::vector<Node*> running_;  // each one started by the one before, in this turn
    Clock::time_point slice_{};   // since when the last of them has run
    std::vector<Node*> touched_;
    std::deque<Transition> transitions_;
    std::array<std::pair<Clock::time_point, Clock::duration>, 10> lags_{};
    std::size_t next_lag_ = 0;
    Clock::duration largest_lag_{};
};

/// That of the loop which this thread runs; null: nobody inspects it.
inline constinit thread_local Registry* registry = nullptr;

inline bool is_on() noexcept {
    return registry != nullptr;
}

/// Inspects what this thread runs, for as long as it lives. Null: nothing.
class Inspecting {
public:
    explicit Inspecting(Registry* here) noexcept { registry = here; }
    ~Inspecting() { registry = nullptr; }
    Inspecting(const Inspecting&) = delete;
    Inspecting& operator=(const Inspecting&) = delete;
};

}  // namespace beastapi::inspect
