#include "beastapi/inspect/snapshot.hpp"

#include "beastapi/inspect/frames.hpp"
#include "beastapi/inspect/sources.hpp"

#include <boost/json/array.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <iterator>
#include <map>
#include <string_view>

namespace beastapi::inspect {

namespace json = boost::json;
using Clock = Registry::Clock;

namespace {

double milliseconds(Clock::duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

json::value text_or_null(const char* text) {
    return text == nullptr || *text == '\0' ? json::value() : json::value(text);
}

bool contains(std::string_view text, std::string_view what) {
    const auto same = [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) ==
               std::tolower(static_cast<unsigned char>(b));
    };
    return !std::ranges::search(text, what, same).empty();
}

/// Where it waits, as far as that is known.
void add_place(json::object& into, const std::source_location& at) {
    into["file"] = nullptr;
    into["line"] = nullptr;
    into["source"] = nullptr;
    if (at.line() == 0) {
        return;
    }
    const auto line = Sources::instance().line(at);
    into["file"] = line.file;
    into["line"] = at.line();
    if (line.text) {
        into["source"] = *line.text;
    }
}

std::vector<std::string> chain_of(const Node& node) {
    // Its stack is there, and doesn't move: it waits, or it's a task, which ends with its stack.
    const bool runs = node.registry->current() == &node;
    if (node.state == Node::State::waits || (node.task != nullptr && !runs)) {
        return functions_of(node.thread, node.where.at);
    }
    return {node.where.at.line() == 0 ? std::string() : short_name(node.where.at.function_name())};
}

json::array views_of_children(const Node& node, Clock::time_point now);

/// What all coroutines of the node have in common, and the order in which it's said.
json::object view_of_function(const Node& node, std::uint64_t number, const std::string& function,
                              Clock::time_point now) {
    const bool runs = node.registry->current() == &node;
    return {{"id", number},
            {"function", text_or_null(function.c_str())},
            {"file", nullptr},
            {"line", nullptr},
            {"source", nullptr},
            {"state", runs ? "running" : "waiting"},
            {"waiting_on", nullptr},
            {"for_ms", milliseconds(now - node.since)},
            {"resumptions", nullptr},
            {"cpu_ms", nullptr},
            {"children", json::array()}};
}

/// The node as the chain of coroutines that it is: what runs or waits is the last one.
json::object view_of(const Node& node, Clock::time_point now) {
    const auto functions = chain_of(node);
    std::uint64_t number = node.id + functions.size();
    json::object view = view_of_function(node, number, functions.back(), now);
    if (node.state != Node::State::running) {
        view["waiting_on"] = text_or_null(node.where.what);
        add_place(view, node.where.at);
    }
    view["children"] = views_of_children(node, now);
    for (auto caller = std::next(functions.rbegin()); caller != functions.rend(); ++caller) {
        json::object outer = view_of_function(node, --number, *caller, now);
        outer["waiting_on"] = *std::prev(caller);
        outer["children"] = json::array{std::move(view)};
        view = std::move(outer);
    }
    view["resumptions"] = node.resumptions;
    view["cpu_ms"] = milliseconds(node.busy);
    return view;
}

json::array views_of_children(const Node& node, Clock::time_point now) {
    json::array children;
    for (const Node& child : node.children) {
        children.push_back(view_of(child, now));
    }
    return children;
}

void add_queues(json::object& into, const Task* task) {
    into["inbox"] = nullptr;
    into["outbox"] = nullptr;
    into["closed"] = false;
    if (task == nullptr || !task->queues) {
        return;
    }
    const Queues queues = task->queues();
    if (queues.inbox_frames) {
        into["inbox"] = json::object{{"frames", *queues.inbox_frames}};
    }
    // An outbox holds bytes, in which frames have no borders any more.
    into["outbox"] = json::object{{"frames", nullptr}, {"bytes", queues.outbox_bytes}};
    into["closed"] = queues.closed;
}

json::object view_of_task(const Node& node, Clock::time_point now) {
    json::object view;
    json::object coroutine = view_of(node, now);
    view["id"] = node.id;
    view["name"] = node.task != nullptr ? json::value(node.task->name) : coroutine["function"];
    view["peer"] = node.task != nullptr ? text_or_null(node.task->peer.c_str()) : json::value();
    view["worker"] = node.registry->number();
    view["age_ms"] = milliseconds(now - node.began);
    add_queues(view, node.task.get());
    view["coroutine"] = std::move(coroutine);
    return view;
}

bool matches(const Node& node, const std::string& what) {
    if (what.empty() ||
        (node.task != nullptr &&
         (contains(node.task->name, what) || contains(node.task->peer, what))) ||
        (node.where.what != nullptr && contains(node.where.what, what)) ||
        contains(short_name(node.where.at.function_name()), what) ||
        (node.where.at.line() != 0 &&
         contains(Sources::instance().line(node.where.at).text.value_or(""), what))) {
        return true;
    }
    return std::ranges::any_of(node.children,
                               [&](const Node& child) { return matches(child, what); });
}

json::object view_of_transition(const Transition& transition) {
    json::object view{{"at_ms", milliseconds(transition.at.time_since_epoch())},
                      {"task", transition.task},
                      {"coroutine", transition.node + 1},
                      {"function", nullptr},
                      {"what", transition.what},
                      {"waiting_on", text_or_null(transition.where.what)}};
    const std::source_location& at = transition.where.at;
    if (at.line() != 0) {
        view["function"] = short_name(at.function_name());
    }
    add_place(view, at);
    return view;
}

}  // namespace

View take_view(const Registry& coroutines, const Query& query) {
    const auto now = Clock::now();
    View view;
    std::size_t in_all = 0;
    std::vector<const Node*> found;
    for (const Node& node : coroutines.tasks()) {
        if (Registry::is_hidden(node)) {
            continue;
        }
        ++in_all;
        if (matches(node, query.find)) {
            ++view.found;
            if (node.id > query.after) {
                found.push_back(&node);
            }
        }
    }
    std::ranges::sort(found, {}, &Node::id);
    found.resize(std::min(found.size(), query.tasks));
    for (const Node* const node : found) {
        view.tasks.emplace_back(node->id, view_of_task(*node, now));
    }
    for (const Transition& transition : coroutines.transitions()) {
        view.transitions.emplace_back(transition.at, view_of_transition(transition));
    }
    view.loop = {{"name", fmt::format("worker {}", coroutines.number())},
                 {"lag_ms", milliseconds(coroutines.recent_lag())},
                 {"lag_max_ms", milliseconds(coroutines.largest_lag())},
                 {"tasks", in_all}};
    return view;
}

json::object put_together(std::vector<View> views, const Query& query) {
    json::array loops;
    std::size_t found = 0;
    std::vector<std::pair<std::uint64_t, json::object>> tasks;
    // In the order of their times; where these are equal, in the order in which they came.
    std::multimap<Clock::time_point, json::object> transitions;
    for (View& view : views) {
        loops.push_back(std::move(view.loop));
        found += view.found;
        std::ranges::move(view.tasks, std::back_inserter(tasks));
        for (auto& [at, transition] : view.transitions) {
            transitions.emplace(at, std::move(transition));
        }
    }
    const auto number = [](const auto& task) { return task.first; };
    std::ranges::sort(tasks, {}, number);
    tasks.resize(std::min(tasks.size(), query.tasks));
    while (transitions.size() > Registry::max_transitions) {
        transitions.erase(transitions.begin());
    }

    json::array shown;
    for (auto& [id, task] : tasks) {
        shown.push_back(std::move(task));
    }
    json::array latest;
    for (auto& [at, transition] : transitions) {
        latest.push_back(std::move(transition));
    }
    return {{"runtime", "C++ coroutines on Boost.Asio"},
            {"now_ms", milliseconds(Clock::now().time_since_epoch())},
            {"loops", std::move(loops)},
            {"task_count", found},
            {"tasks", std::move(shown)},
            {"transitions", std::move(latest)}};
}

}  // namespace beastapi::inspect
