#include "vitrine/scorers/dnn/sequence_steps.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "vitrine/nn/embedding.h"

namespace vitrine {

std::vector<SequenceStep> LatestSteps(std::span<const Interaction> newest_first,
                                      const ItemBitmap& known, std::size_t length) {
  std::vector<SequenceStep> steps;
  for (const Interaction& each : newest_first) {
    if (!(each.weight > 0) || !known.Contains(each.item)) continue;
    const auto item = static_cast<std::uint32_t>(each.item);
    if (!steps.empty() && steps.back().item == item) {
      steps.back().time_us = each.time_us;
      continue;
    }
    if (steps.size() == length) break;
    steps.push_back({item, each.time_us, each.type});
  }
  std::reverse(steps.begin(), steps.end());
  return steps;
}

std::uint32_t TimeGap(Micros before_us, Micros time_us) {
  if (before_us == 0 || time_us == 0 || time_us < before_us) return 0;
  const auto minutes = static_cast<std::uint64_t>((time_us - before_us) / (60 * kMicrosPerSecond));
  const auto doublings = static_cast<std::uint32_t>(std::bit_width(minutes + 1));  // >= 1
  return std::min<std::uint32_t>(doublings, kNumTimeGaps - 1);
}

void StepBatch::Start(std::size_t length) {
  number_ = 0;
  length_ = length;
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
    places_.push_back(static_cast<std::uint32_t>(place));
  }
  ++number_;
  for (std::vector<std::uint32_t>* each : {&items_, &gaps_, &types_, &places_}) {
    each->resize(number_ * length_, nn::kNoId);
  }
  is_real_.resize((number_ - 1) * length_ + steps.size(), 1);
  is_real_.resize(number_ * length_, 0);
}

}  // namespace vitrine
