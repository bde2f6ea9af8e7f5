#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "engine/shopper_query.h"
#include "engine/step_watch.h"
#include "vitrine/base/ids.h"
#include "vitrine/base/item_bitmap.h"
#include "vitrine/engine/engine.h"

namespace vitrine {

// Items that a list passed over.
struct PassedOver {
  absl::flat_hash_set<ItemIndex> variants{};  // Of a product that the page shows.
  absl::flat_hash_set<ItemIndex> limited{};   // Of a brand or a category that has its share.
};

// What is written down of a list: its stages, and for a trace what it dropped and passed over too,
// which takes counting all items.
enum class TraceDetail { kStages, kAll };

// Writes down how a list comes about, for a request that asks for it: no other one has a recorder.
class TraceRecorder {
 public:
  // `stages`: where these are written, for the trace too; must outlive this. Null: in it alone.
  explicit TraceRecorder(TraceDetail detail = TraceDetail::kAll,
                         std::vector<Trace::Stage>* stages = nullptr)
      : detail_(detail), stages_(stages == nullptr ? trace_.stages : *stages) {
    stages_.clear();
    stages_.reserve(kUsualStages);
  }
  TraceRecorder(const TraceRecorder&) = delete;
  TraceRecorder& operator=(const TraceRecorder&) = delete;

  TraceDetail detail() const { return detail_; }

  // Ends a stage that began when the last one ended. What the steps within it took is theirs, and
  // so are `elsewhere` microseconds.
  void End(std::string_view stage, std::size_t count, double elsewhere = 0);

  // A step within the stage under way. One that is told again goes on: its time is added, and the
  // count is the last one.
  void AddStep(std::string name, std::size_t count, double micros);

  // A stage of its own that took so long.
  void Add(std::string name, std::size_t count, double micros);

  void Drop(std::string_view reason, std::size_t count);  // 0: none is written down.

  // Null: nobody asks what is passed over.
  PassedOver* passed_over() { return detail_ == TraceDetail::kAll ? &passed_over_ : nullptr; }

  Trace Take() {
    if (&stages_ != &trace_.stages) trace_.stages = stages_;
    return std::move(trace_);
  }

 private:
  static constexpr std::size_t kUsualStages = 16;

  const TraceDetail detail_;
  Stopwatch since_end_;
  double micros_of_steps_ = 0;  // Since then.
  PassedOver passed_over_;
  Trace trace_;
  std::vector<Trace::Stage>& stages_;  // The trace's own, or the caller's.
};

// What a request's list is made among.
struct ListGround {
  const RecommendRequest& request;
  SeenPolicy seen{};
  const ShopperQuery& query;
  const ItemBitmap& servable;
  const ItemBitmap& in_categories;  // Of the request; only what is servable counts.
  const ItemBitmap& allowed;
  std::span<const ItemIndex> shown{};  // On the pages before.
};

// Writes down why items may not be shown, each for the first reason that holds.
void RecordDrops(const ListGround& ground, const Catalogue& catalogue, TraceRecorder& trace);

// Writes down what the list passed over, but for what is on it, among its pins, or on the pages
// before. REQUIRES: trace.passed_over() is not null
void RecordPassedOver(std::span<const ItemIndex> list, std::span<const ItemIndex> pins,
                      std::span<const ItemIndex> shown, TraceRecorder& trace);

}  // namespace vitrine
