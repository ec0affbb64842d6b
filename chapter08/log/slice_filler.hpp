// What every log does with the entries that it reads.
#pragma once

#include "log/entry.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace chat_log {

/// Makes a slice of the entries of a range, within the range's bounds. They come from the side that
/// is kept: the oldest first, or, for Range::newest, the newest first.
class SliceFiller {
public:
    /// `range` has to outlive it.
    SliceFiller(const Range& range, Seq first_kept)
        : range_(range), slice_{.first_kept = first_kept} {}

    /// False: the bounds cut off this one, and all that would follow. The first is always taken.
    template <class AnyEntry>
    bool add(AnyEntry&& entry) {
        bytes_ += entry.payload.size();
        if (!slice_.entries.empty() &&
            (slice_.entries.size() >= range_.max_entries || bytes_ > range_.max_bytes)) {
            slice_.more = true;
            return false;
        }
        slice_.entries.push_back(std::forward<AnyEntry>(entry));
        return true;
    }

    /// In the order of their numbers.
    Slice finish() {
        if (range_.newest) {
            std::ranges::reverse(slice_.entries);
        }
        return std::move(slice_);
    }

private:
    const Range& range_;
    Slice slice_;
    std::size_t bytes_ = 0;
};

}  // namespace chat_log
