#include "lifecycle/memory_budget.h"

#include <chrono>
#include <condition_variable>
#include <limits>
#include <mutex>

#include "absl/strings/str_format.h"
#include "vitrine/base/memory.h"

namespace vitrine {
namespace {

constexpr std::uint64_t kBytesPerMegabyte = 1'000'000;

// What is free already is nothing that a training takes.
std::uint64_t HeldAtFirst(std::uint64_t megabytes) {
  if (megabytes == 0) return 0;
  GiveBackFreeMemory();
  return ResidentMemoryBytes();
}

}  // namespace

MemoryBudget::MemoryBudget(std::uint64_t megabytes, const std::atomic<bool>* is_cancelled)
    : megabytes_(megabytes), is_cancelled_(is_cancelled), bytes_at_first_(HeldAtFirst(megabytes)) {
  if (megabytes_ == 0) return;
  watch_ = std::jthread([this](const std::stop_token& is_over) { Watch(is_over); });
}

std::uint64_t MemoryBudget::bytes() const {
  return megabytes_ == 0 ? std::numeric_limits<std::uint64_t>::max()
                         : megabytes_ * kBytesPerMegabyte;
}

void MemoryBudget::Watch(const std::stop_token& is_over) {
  constexpr auto kPause = std::chrono::milliseconds(20);
  const std::uint64_t most = bytes_at_first_ + bytes();
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any wake;
  while (!is_over.stop_requested()) {
    const std::uint64_t held = ResidentMemoryBytes();
    if (held > most && bytes_held_ == 0) bytes_held_ = held;
    if (bytes_held_ > 0 || (is_cancelled_ != nullptr && *is_cancelled_)) must_stop_ = true;
    wake.wait_for(lock, is_over, kPause, [] { return false; });
  }
}

absl::Status MemoryBudget::Judge(const absl::Status& ended) const {
  const std::uint64_t held = bytes_held_;
  if (held == 0 || !absl::IsCancelled(ended)) return ended;
  if (is_cancelled_ != nullptr && *is_cancelled_) return ended;
  return absl::ResourceExhaustedError(absl::StrFormat(
      "the process holds %d MB more than when the training began, and lifecycle.memory_mb allows "
      "%d: allow more, or train fewer or smaller models",
      (held - bytes_at_first_) / kBytesPerMegabyte, megabytes_));
}

}  // namespace vitrine
