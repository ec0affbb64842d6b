// Memory that was set aside for an operation of Asio, so that it cannot fail for want of it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

namespace beastapi::detail {

/// Room for one operation of Asio. Its owner must keep it until the operation completes or is
/// destroyed, and starts one operation at a time.
template <std::size_t size>
class OperationStorage {
public:
    OperationStorage() = default;
    OperationStorage(const OperationStorage&) = delete;
    OperationStorage& operator=(const OperationStorage&) = delete;

    /// Asio's allocator for the one operation that the storage holds.
    template <class T>
    class Allocator {
    public:
        using value_type = T;
        template <class U>
        struct rebind {
            using other = Allocator<U>;
        };

        explicit Allocator(OperationStorage& storage) noexcept : storage_(&storage) {}
        template <class U>
        Allocator(const Allocator<U>& other) noexcept  // NOLINT(google-explicit-constructor)
            : storage_(other.storage_) {}

        T* allocate(std::size_t count) const {
            static_assert(sizeof(T) <= size && alignof(T) <= alignof(std::max_align_t),
                          "the operation is larger than its storage");
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
        OperationStorage* storage_;
    };

private:
    alignas(std::max_align_t) std::array<std::byte, size> bytes_;
};

/// Room for one posted handler; otherwise as OperationStorage.
///
/// What wakes coroutines and ends connections must also work when memory has run out: these posts
/// allocate nothing, so they throw nothing.
class PostStorage {
public:
    PostStorage() = default;

    template <class Function>
    void post(boost::asio::io_context::executor_type executor, Function function) noexcept {
        boost::asio::post(executor, Handler<Function>{operation_, std::move(function)});
    }

private:
    using Operation = OperationStorage<80>;

    template <class Function>
    class Handler {
    public:
        using allocator_type = Operation::Allocator<char>;

        Handler(Operation& storage, Function function) noexcept
            : allocator_(storage), function_(std::move(function)) {
            static_assert(std::is_nothrow_move_constructible_v<Function>);
        }
        allocator_type get_allocator() const noexcept { return allocator_; }
        void operator()() { function_(); }

    private:
        allocator_type allocator_;
        Function function_;
    };

    Operation operation_;
};

}  // namespace beastapi::detail
