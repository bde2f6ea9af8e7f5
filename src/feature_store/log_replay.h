#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "feature_store/store_views.h"

namespace vitrine {

// Adds records of the log to views on two threads: the caller's decodes and adds to what is by
// item, one of its own adds to what is by shopper. Either side sees all events in log order, so the
// views come out as with one thread.
class LogReplay {
 public:
  explicit LogReplay(StoreViews& views);
  ~LogReplay();  // Finishes.
  LogReplay(const LogReplay&) = delete;
  LogReplay& operator=(const LogReplay&) = delete;

  // DATA_LOSS: the record is damaged.
  absl::Status Add(std::uint64_t offset, std::string_view record);

  // Once this returns, all is in the views, but for events whose shopper has no row: false when
  // there was one. Nothing may be added any more.
  bool Finish();

 private:
  static constexpr std::size_t kBatchEvents = 1'024;
  struct Batch {
    std::vector<StoreChanges::AddEvent> events{};  // Kept for their memory.
    std::size_t size = 0;

    std::span<StoreChanges::AddEvent> filled() { return std::span(events).first(size); }
  };

  void HandOver();
  void Work();

  StoreViews& views_;
  std::array<Batch, 4> batches_;
  Batch* filling_ = nullptr;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Batch*> full_;       // Guarded by mutex_: for the worker, oldest first.
  std::vector<Batch*> empty_;     // Guarded by mutex_.
  bool is_finishing_ = false;     // Guarded by mutex_.
  bool has_all_shoppers_ = true;  // The worker's, until it is joined.
  std::thread worker_;
};

}  // namespace vitrine
