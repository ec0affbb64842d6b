// Posts a handler into memory that was set aside for it, so that posting cannot fail.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace beastapi::detail {

/// Room for one posted handler. Its owner must keep it until the handler runs or is destroyed, and
/// posts one handler at a time.
///
/// What wakes coroutines and ends connections must also work when memory has run out: these posts
/// allocate nothing, so they throw nothing.
class PostStorage {
public:
    PostStorage() = default;
    PostStorage(const PostStorage&) = delete;
    PostStorage& operator=(const PostStorage&) = delete;

    /// Asio's allocator for the one operation that the storage holds.
    template <class T>
    class Allocator {
    public:
        using value_type = T;

        explicit Allocator(PostStorage& storage) noexcept : storage_(&storage) {}
        template <class U>
        Allocator(const Allocator<U>& other) noexcept  // NOLINT(google-explicit-constructor)
            : storage_(other.storage_) {}

        T* allocate(std::size_t count) const {
            static_assert(
                sizeof(T) <= sizeof(storage_->bytes_) && alignof(T) <= alignof(std::max_align_t),
                "the posted handler is larger than its storage");
            if (count != 1) {
                throw std::bad_alloc();
            }
            return reinterpret_cast<T*>(storage_->bytes_.data());
        }
        void deallocate(T*, std::size_t) const noexcept {}

        friend bool operator==(const Allocator& a, const Allocator& b) noexcept {
            return a.storage_ == b.storage_;
        }

    private:
        template <class>
        friend class Allocator;
        PostStorage* storage_;
    };

    template <class Function>
    void post(boost::asio::io_context::executor_type executor, Function function) noexcept {
        boost::asio::post(executor, Handler<Function>{*this, std::move(function)});
    }

private:
    template <class Function>
    class Handler {
    public:
        using allocator_type = Allocator<char>;

        Handler(PostStorage& storage, Function function) noexcept
            : allocator_(storage), function_(std::move(function)) {
            static_assert(std::is_nothrow_move_constructible_v<Function>);
        }
        allocator_type get_allocator() const noexcept { return allocator_; }
        void operator()() { function_(); }

    private:
        allocator_type allocator_;
        Function function_;
    };

    alignas(std::max_align_t) std::array<std::byte, 80> bytes_;
};

}  // namespace beastapi::detail
