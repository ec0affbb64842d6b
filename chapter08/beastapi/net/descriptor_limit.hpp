// How many descriptors the process may have: each connection is one.
#pragma once

#include <cstddef>

namespace beastapi::detail {

/// Raises the soft limit of open files to the hard one, and warns if that is not enough for so many
/// connections, and for so many event loops that serve them.
void raise_descriptor_limit(std::size_t connections, std::size_t workers);

}  // namespace beastapi::detail
