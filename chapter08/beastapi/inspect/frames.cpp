#include "beastapi/inspect/frames.hpp"

#include "beastapi/awaitable.hpp"
#include "beastapi/inspect/symbols.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>

namespace beastapi::inspect {

namespace {

using Executor = boost::asio::any_io_executor;
using Frame = boost::asio::detail::awaitable_frame_base<Executor>;
using Bottom =
    boost::asio::detail::awaitable_frame<boost::asio::detail::awaitable_thread_entry_point,
                                         Executor>;

/// Asio keeps each coroutine's caller, and shows it to those that derive from its frame.
struct Access : Frame {
    static const Frame* caller_of(const Frame& frame) { return frame.*(&Access::caller_); }
    /// What resumes the coroutine is the first word of its frame, by the ABI of coroutines.
    static const void* resume_function_of(const Frame& frame) {
        return *static_cast<const void* const*>((frame.*(&Access::coro_)).address());
    }
};

/// The frame on top is private to Asio. An explicit instantiation may name it all the same.
const Frame* top_of(const Bottom& bottom);
template <auto Member>
struct Top {
    friend const Frame* top_of(const Bottom& bottom) { return bottom.*Member; }
};
template struct Top<&Bottom::top_of_stack_>;

/// Without what is between `<` and `>`.
std::string without_template_arguments(std::string_view text) {
    std::string rest;
    int depth = 0;
    for (const char c : text) {
        depth += c == '<' ? 1 : 0;
        if (depth == 0) {
            rest.push_back(c);
        }
        depth -= c == '>' ? 1 : 0;
    }
    return rest;
}

void erase_all(std::string& text, std::string_view what) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what)) {
        text.erase(at, what.size());
    }
}

/// With its namespaces and without its type and its parameters.
std::string qualified_name(std::string_view function) {
    std::string text(function);
    // GCC's name for it has no parentheses, its demangler's and clang's have.
    for (const std::string_view nameless :
         {"(anonymous namespace)::", "{anonymous}::", "<unnamed>::"}) {
        erase_all(text, nameless);
    }
    text = without_template_arguments(text);
    text.resize(std::min(text.size(), text.find('(')));
    const auto blank = text.rfind(' ');
    return blank == std::string::npos ? text : text.substr(blank + 1);
}

bool is_own(const std::string& name) {
    return !name.empty() && !name.starts_with("boost::") && !name.starts_with("beastapi::");
}

std::string last_part(const std::string& name) {
    const auto colons = name.rfind("::");
    return colons == std::string::npos ? name : name.substr(colons + 2);
}

}  // namespace

std::string short_name(std::string_view function) {
    return last_part(qualified_name(function));
}

std::vector<std::string> functions_of(const void* thread, const std::source_location& where) {
    constexpr std::size_t most = 12;
    std::vector<std::string> inside_out;
    const std::string leaf = where.line() == 0 ? "" : short_name(where.function_name());
    std::optional<std::size_t> leaf_at;
    const auto& bottom = *static_cast<const Bottom*>(thread);
    for (const Frame* frame = top_of(bottom); frame != nullptr && inside_out.size() < most;
         frame = Access::caller_of(*frame)) {
        const std::string name = qualified_name(coroutine_at(Access::resume_function_of(*frame)));
        if (last_part(name) == leaf && !leaf_at) {
            leaf_at = inside_out.size();
            inside_out.push_back(leaf);
        } else if (is_own(name)) {
            inside_out.push_back(last_part(name));
        }
    }
    // What is above belongs to the wait. A leaf that is no coroutine has none above it.
    inside_out.erase(inside_out.begin(),
                     inside_out.begin() + static_cast<std::ptrdiff_t>(leaf_at.value_or(0)));
    if (!leaf_at && !leaf.empty()) {
        inside_out.insert(inside_out.begin(), leaf);
    }
    if (inside_out.empty()) {
        inside_out.emplace_back();
    }
    return {inside_out.rbegin(), inside_out.rend()};
}

}  // namespace beastapi::inspect
