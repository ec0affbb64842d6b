// Who is let in: how many connections there may be, in all and of each client, and how much memory
// may hold answers for them.
#pragma once

#include "beastapi/net/client_budget.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

namespace beastapi::detail {

/// 0 is no limit, except for reserved_connections.
struct AdmissionSettings {
    std::size_t max_connections = 2'000;            ///< HTTP and WebSocket, in all
    std::size_t max_connections_per_address = 300;  ///< the same of one client
    /// The last places of max_connections, which are kept for requests that App::set_reserved_for()
    /// recognises.
    std::size_t reserved_connections = 0;
    std::size_t max_answer_bytes = 128 * 1024 * 1024;  ///< HTTP answers under way, in all
    std::size_t max_answer_bytes_per_address = 32 * 1024 * 1024;  ///< the same of one client
};

/// Gives out places, and takes them back. All of them have to be gone before the Admission is. The
/// workers of a server share one, each from its own thread.
class Admission {
public:
    using Client = std::shared_ptr<ClientBudget>;

    /// Why there is no place.
    struct Refusal {
        std::string_view reason;  ///< for the close frame, and for an HTTP answer
        std::string_view name;    ///< for Refusals
    };
    static constexpr Refusal server_full{"Server is full", "server_full"};
    static constexpr Refusal address_full{"Too many connections", "address_full"};

    /// The place of one connection, which is free again when this ends. It may be empty.
    class Slot {
    public:
        Slot() = default;
        Slot(Slot&& other) noexcept
            : admission_(std::exchange(other.admission_, nullptr)),
              client_(std::move(other.client_)),
              reserved_(other.reserved_) {}
        Slot& operator=(Slot other) noexcept {
            std::swap(admission_, other.admission_);
            std::swap(client_, other.client_);
            std::swap(reserved_, other.reserved_);
            return *this;
        }
        ~Slot();

        explicit operator bool() const noexcept { return admission_ != nullptr; }
        /// Whether it is one of those kept for some.
        bool is_reserved() const noexcept { return reserved_; }

    private:
        friend class Admission;
        Slot(Admission& admission, Client client, bool reserved);

        Admission* admission_ = nullptr;
        Client client_;
        bool reserved_ = false;
    };

    /// The memory of one answer, which is free again when this ends.
    class Answer {
    public:
        Answer(Answer&& other) noexcept
            : admission_(std::exchange(other.admission_, nullptr)),
              client_(std::move(other.client_)),
              bytes_(other.bytes_) {}
        Answer& operator=(Answer other) noexcept {
            std::swap(admission_, other.admission_);
            std::swap(client_, other.client_);
            std::swap(bytes_, other.bytes_);
            return *this;
        }
        ~Answer();

    private:
        friend class Admission;
        Answer(Admission& admission, Client client, std::size_t bytes);

        Admission* admission_;
        Client client_;
        std::size_t bytes_;
    };

    explicit Admission(const AdmissionSettings& settings) : settings_(settings) {}
    Admission(const Admission&) = delete;
    Admission& operator=(const Admission&) = delete;

    /// A connection of that client has come.
    std::variant<Slot, const Refusal*> acquire(const Client& client);

    /// The request that came over the connection is known now, and so is whether it may have one of
    /// the places that are kept. Whether it may stay.
    bool confirm(Slot& slot, bool may_have_reserved) noexcept;

    /// A connection turns out to serve another client: a proxy says so of the request that has
    /// come. Null, or why not: that client has no place left. Then nothing has changed.
    const Refusal* move(Slot& slot, const Client& client);

    /// An answer that takes so many bytes of memory is to be sent. Nothing if there is too much of
    /// that already.
    std::optional<Answer> hold_answer(const Client& client, std::size_t bytes);

    std::size_t connections() const;
    std::size_t answer_bytes() const;

private:
    bool has_unreserved() const noexcept;

    AdmissionSettings settings_;
    mutable std::mutex mutex_;  // guards what follows, and ClientBudget::held of each client
    std::size_t connections_ = 0;
    std::size_t reserved_ = 0;  // of them
    std::size_t answer_bytes_ = 0;
};

}  // namespace beastapi::detail
