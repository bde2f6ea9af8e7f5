#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/status.h"

namespace vitrine {

// What this machine can still give without swapping (MemAvailable of Linux); 2^64 - 1 where it does
// not say.
std::uint64_t AvailableMemoryBytes();

// What this process holds of the machine's memory; 0 where the system does not say.
std::uint64_t ResidentMemoryBytes();

// RESOURCE_EXHAUSTED, with both figures and `cure`, where `what` wants more than is available. A
// tenth of what is available stays with everything else on the machine.
absl::Status CheckMemory(std::string_view what, std::uint64_t wanted_bytes,
                         std::uint64_t available_bytes, std::string_view cure);

// Gives memory that was freed back to the system, as far as the allocator keeps it; takes
// milliseconds, so not on a thread that answers.
void GiveBackFreeMemory();

// Lets a process that answers many requests on so many items keep the memory that they free, where
// it would give it back to the system and ask for it again, page by page, for each. What is large,
// such as a model, still goes back at once.
void KeepFreedMemory(std::size_t num_items);

}  // namespace vitrine
