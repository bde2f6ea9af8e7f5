#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "absl/status/status.h"

namespace vitrine {

// Calls off what runs, while it lives, once the process holds so much more memory than it did when
// this began. Looked at every 20 milliseconds: what asks for much at once is past it before that,
// so whoever knows beforehand asks CheckMemory.
class MemoryBudget {
 public:
  // `megabytes` 0: as much as there is. `is_cancelled`, which may be null and must outlive it:
  // whoever else calls it off.
  MemoryBudget(std::uint64_t megabytes, const std::atomic<bool>* is_cancelled);

  // What runs asks this whether to go on; may be null.
  const std::atomic<bool>* must_stop() const {
    return megabytes_ == 0 ? is_cancelled_ : &must_stop_;
  }

  // For whoever knows beforehand what it wants.
  std::uint64_t bytes() const;

  // RESOURCE_EXHAUSTED, with both figures and a cure, where `ended` is of what was called off for
  // its memory; otherwise `ended`.
  absl::Status Judge(const absl::Status& ended) const;

 private:
  void Watch(const std::stop_token& is_over);

  const std::uint64_t megabytes_;
  const std::atomic<bool>* const is_cancelled_;
  const std::uint64_t bytes_at_first_;
  std::atomic<bool> must_stop_ = false;
  std::atomic<std::uint64_t> bytes_held_ = 0;  // When it was too much; 0: it never was.
  std::jthread watch_;                         // Last, so that it ends first.
};

}  // namespace vitrine
