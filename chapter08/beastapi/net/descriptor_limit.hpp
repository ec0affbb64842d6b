// How many descriptors the process may have: each connection is one.
#pragma once

#include <cstddef>

namespace beastapi::detail {

/// Raises the soft limit of open files to the hard one, and warns if that is not enough for so many
/// connections.
void raise_descriptor_limit(std::size_t connections);

}  // namespace beastapi::detail
