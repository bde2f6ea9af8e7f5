#include "vitrine/scorers/dnn/sequence_steps.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <utility>

#include "vitrine/nn/embedding.h"

namespace vitrine {

namespace {

// Takes steps the newest first.
class Collector {
 public:
  Collector(const ItemBitmap& known, const StepReading& reading)
      : known_(known), reading_(reading) {}

  void AddContext(const Interaction& each) { Add(each, true, true); }

  void AddHistory(std::span<const Interaction> newest_first) {
    for (const Interaction& each : newest_first) {
      // What the page shows is the view that the history ends with.
      const bool merges = reading_.merges_repeats || (!steps_.empty() && steps_.back().is_context);
      if (!Add(each, false, merges)) return;
    }
  }

  std::vector<SequenceStep> Take() {
    std::reverse(steps_.begin(), steps_.end());
    return std::move(steps_);
  }

 private:
  // False: there are enough.
  bool Add(const Interaction& each, bool is_context, bool merges) {
    if (!(each.weight > 0) || !known_.Contains(each.item)) return true;
    const auto item = static_cast<std::uint32_t>(each.item);
    if (merges && !steps_.empty() && steps_.back().item == item) {
      steps_.back().time_us = each.time_us;
      steps_.back().is_context &= is_context;
      return true;
    }
    if (steps_.size() == reading_.length) return false;
    steps_.push_back({item, each.time_us, each.type, is_context});
    return true;
  }

  const ItemBitmap& known_;
  const StepReading& reading_;
  std::vector<SequenceStep> steps_{};
};

}  // namespace

std::vector<SequenceStep> LatestSteps(std::span<const Interaction> newest_first,
                                      const ItemBitmap& known, const StepReading& reading) {
  Collector collector(known, reading);
  collector.AddHistory(newest_first);
  return collector.Take();
}

std::vector<SequenceStep> LatestSteps(const Query& query, const ItemBitmap& known,
                                      const StepReading& reading) {
  Collector collector(known, reading);
  for (const ItemIndex item : query.context_items) {
    collector.AddContext(
        {.time_us = query.now_us, .item = item, .weight = 1, .type = EventType::kDetailPageView});
  }
  for (const ItemIndex item : query.cart_items) {
    const bool is_in_history =
        std::any_of(query.history.begin(), query.history.end(),
                    [item](const Interaction& each) { return each.item == item; });
    if (is_in_history) continue;
    collector.AddContext({.item = item, .weight = 1, .type = EventType::kAddToCart});
  }
  collector.AddHistory(query.history);
  return collector.Take();
}

std::uint32_t TimeGap(Micros before_us, Micros time_us) {
  if (before_us == 0 || time_us == 0 || time_us < before_us) return 0;
  const auto minutes = static_cast<std::uint64_t>((time_us - before_us) / (60 * kMicrosPerSecond));
  const auto doublings = static_cast<std::uint32_t>(std::bit_width(minutes + 1));  // >= 1
  return std::min<std::uint32_t>(doublings, kNumTimeGaps - 1);
}

void StepBatch::Start(std::size_t length, bool counts_back) {
  number_ = 0;
  length_ = length;
  counts_back_ = counts_back;
  for (std::vector<std::uint32_t>* each : {&items_, &gaps_, &types_, &places_}) each->clear();
  is_real_.clear();
}

void StepBatch::Add(std::span<const SequenceStep> steps) {
  assert(steps.size() <= length_);
  for (std::size_t place = 0; place < steps.size(); ++place) {
    const SequenceStep& step = steps[place];
    const auto type = static_cast<std::uint32_t>(step.type);
    items_.push_back(step.item);
    gaps_.push_back(place == 0 ? 0 : TimeGap(steps[place - 1].time_us, step.time_us));
    types_.push_back(type < kNumEventTypes ? type : 0);
    places_.push_back(static_cast<std::uint32_t>(counts_back_ ? steps.size() - 1 - place : place));
  }
  ++number_;
  for (std::vector<std::uint32_t>* each : {&items_, &gaps_, &types_, &places_}) {
    each->resize(number_ * length_, nn::kNoId);
  }
  is_real_.resize((number_ - 1) * length_ + steps.size(), 1);
  is_real_.resize(number_ * length_, 0);
}

}  // namespace vitrine
