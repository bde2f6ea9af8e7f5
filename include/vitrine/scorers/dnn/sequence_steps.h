#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/base/clock.h"
#include "vitrine/base/item_bitmap.h"
#include "vitrine/feature_store/event.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine {

// One thing that a shopper did, as the sequence models see it.
struct SequenceStep {
  std::uint32_t item = 0;
  Micros time_us = 0;
  EventType type{};
  bool is_context = false;  // Of the page or the cart alone.
};

// What of a history counts as a step.
struct StepReading {
  std::size_t length = 50;  // The latest so many.
  // A view, a cart and an order of one item in a row are one step, at the time of the first and of
  // the type of the last. false: each is one.
  bool merges_repeats = true;
};

// The latest steps of a history, itself `newest first`, the oldest first. Dislikes are left out,
// and so are items that `known` does not hold.
std::vector<SequenceStep> LatestSteps(std::span<const Interaction> newest_first,
                                      const ItemBitmap& known, const StepReading& reading);

// The same of all that a query shows: after its history, as carted at a time that nobody knows,
// what is in the cart and not in the history; then, as viewed now, what the page is about, where
// that is not the latest step.
std::vector<SequenceStep> LatestSteps(const Query& query, const ItemBitmap& known,
                                      const StepReading& reading);

// How long after `before` a step came: 0 where nobody knows, then one more for each doubling of the
// minutes, the last for half a year and more.
inline constexpr std::size_t kNumTimeGaps = 20;
std::uint32_t TimeGap(Micros before_us, Micros time_us);

// Sequences of one network's batch, each from its place 0 on. Rows as nn::Sequences has them.
class StepBatch {
 public:
  // `length`: places of each sequence. They are numbered from the oldest step, or from the newest.
  void Start(std::size_t length, bool counts_back);
  // REQUIRES: at most `length` steps
  void Add(std::span<const SequenceStep> steps);

  std::size_t number() const { return number_; }
  std::size_t length() const { return length_; }
  // [number * length], nn::kNoId where there is padding.
  std::span<const std::uint32_t> items() const { return items_; }
  std::span<const std::uint32_t> gaps() const { return gaps_; }
  std::span<const std::uint32_t> types() const { return types_; }
  std::span<const std::uint32_t> places() const { return places_; }
  std::span<const std::uint8_t> is_real() const { return is_real_; }

 private:
  std::size_t number_ = 0;
  std::size_t length_ = 0;
  bool counts_back_ = false;
  std::vector<std::uint32_t> items_{};
  std::vector<std::uint32_t> gaps_{};
  std::vector<std::uint32_t> types_{};
  std::vector<std::uint32_t> places_{};
  std::vector<std::uint8_t> is_real_{};
};

}  // namespace vitrine
