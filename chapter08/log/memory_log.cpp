#include "log/memory_log.hpp"

#include "log/faults.hpp"

#include <utility>

namespace chat_log {

void MemoryLog::start(const boost::asio::any_io_executor&) {}

void MemoryLog::open(const std::string& name, Opened opened) {
    ConversationPtr conversation = conversations_.find(name);
    if (!conversation) {
        conversation = std::make_shared<Conversation>(name);
        conversation->begin(fault(Fault::epoch_kept) ? "kept" : make_epoch());
        conversations_.insert(conversation);
    }
    opened(std::move(conversation));
}

void MemoryLog::restart(const ConversationPtr& conversation, Opened restarted) {
    conversations_.restart(*conversation, make_epoch());
    restarted(conversation);
}

void MemoryLog::append(const ConversationPtr& conversation, Draft draft, Appended appended) {
    const Time now = std::chrono::floor<std::chrono::milliseconds>(now_());
    if (!draft.id.empty()) {
        const Receipt* const first = duplicates_.find(draft, now);
        if (first != nullptr && !fault(Fault::forgotten_duplicate)) {
            Receipt receipt = *first;
            receipt.result = Receipt::Result::duplicate;
            appended(receipt);
            return;
        }
    }
    Receipt receipt{
        .seq = conversation->last_seq() + 1, .epoch = conversation->epoch(), .stored = now};
    if (fault(Fault::private_not_stored) && conversation->name().starts_with("inbox")) {
        appended(receipt);
        return;
    }
    Entry entry{.seq = receipt.seq, .stored = now, .payload = std::move(draft.payload)};
    if (draft.id.empty()) {
        conversations_.add(*conversation, std::move(entry));
    } else {
        duplicates_.add(draft, receipt);
        try {
            conversations_.add(*conversation, std::move(entry));
        } catch (...) {
            duplicates_.undo_add(draft);
            throw;
        }
    }
    appended(receipt);
}

void MemoryLog::read(const ConversationPtr& conversation, const Range& range, Read read) {
    read(conversation->read(range));
}

}  // namespace chat_log
