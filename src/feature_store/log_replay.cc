#include "feature_store/log_replay.h"

#include "feature_store/behaviour/event_details.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

LogReplay::LogReplay(StoreViews& views) : views_(views) {
  for (Batch& batch : batches_) {
    batch.events.resize(kBatchEvents);
    empty_.push_back(&batch);
  }
  filling_ = empty_.back();
  empty_.pop_back();
  worker_ = std::thread([this] { Work(); });
}

LogReplay::~LogReplay() { Finish(); }

absl::Status LogReplay::Add(std::uint64_t offset, std::string_view record) {
  StoreChanges::AddEvent& event = filling_->events[filling_->size];
  event.offset = offset;
  VITRINE_RETURN_IF_ERROR(DecodeLogHead(record, event.head));
  VITRINE_ASSIGN_OR_RETURN(event.details, DetailsOf(event.head, record));
  event.shopper = event.head.shopper();  // The worker follows merges.
  if (++filling_->size == kBatchEvents) HandOver();
  return absl::OkStatus();
}

void LogReplay::HandOver() {
  Batch* const batch = filling_;
  {
    std::lock_guard lock(mutex_);
    full_.push_back(batch);
  }
  wake_.notify_all();
  views_.AddToItems(batch->filled());
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return !empty_.empty(); });
  filling_ = empty_.back();
  filling_->size = 0;
  empty_.pop_back();
}

bool LogReplay::Finish() {
  if (!worker_.joinable()) return has_all_shoppers_;
  HandOver();
  {
    std::lock_guard lock(mutex_);
    is_finishing_ = true;
  }
  wake_.notify_all();
  worker_.join();
  return has_all_shoppers_;
}

void LogReplay::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return is_finishing_ || !full_.empty(); });
    if (full_.empty()) return;
    Batch* const batch = full_.front();
    full_.pop_front();
    lock.unlock();
    if (!views_.AddToShoppers(batch->filled())) has_all_shoppers_ = false;
    lock.lock();
    empty_.push_back(batch);
    wake_.notify_all();
  }
}

}  // namespace vitrine
