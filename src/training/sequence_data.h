#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/base/item_bitmap.h"
#include "vitrine/feature_store/dataset.h"
#include "vitrine/scorers/dnn/sequence_steps.h"

namespace vitrine {

// What a sequence model learns from: the steps of every shopper with two or more, in windows.
struct SequenceData {
  // Steps of one shopper, in a row: every one but the last is an input, every one but the first the
  // target of the one before; of a prefix the last one alone is a target.
  struct Window {
    std::size_t begin = 0;     // Into `steps`.
    std::size_t count = 0;     // 2 to length + 1.
    bool is_held_out = false;  // Its last target is for validation, and not learned from.
  };

  std::vector<std::uint32_t> item_rows{};  // [items learned] Of each its row in the data set.
  std::vector<SequenceStep> steps{};       // Items count as in item_rows.
  std::vector<Window> windows{};
  std::vector<std::uint32_t> held_out{};  // Windows whose last target is held out.
  std::vector<double> counts{};           // [items learned] How often each is a target.
  bool has_prefixes = false;              // Windows are prefixes: as many as there are targets.
  bool has_time_gaps = false;             // Some steps are known to be apart in time.
  bool has_event_types = false;           // There are two types or more.

  // Which of its inputs are asked what comes next: from this one on, so many.
  std::size_t FirstAsked(const Window& window) const { return has_prefixes ? window.count - 2 : 0; }
  std::size_t NumAsked(const Window& window) const {
    return window.count - 1 - FirstAsked(window) - (window.is_held_out ? 1 : 0);
  }
  std::span<const SequenceStep> Inputs(const Window& window) const {
    return std::span(steps).subspan(window.begin, window.count - 1);
  }
};

struct SequenceDataOptions {
  std::size_t length = 50;
  bool merges_repeats = true;   // As StepReading says.
  bool has_prefixes = false;    // Each target has a window of its own, of what is before it.
  double held_out_share = 0.1;  // Of the shoppers with three steps or more,
  std::size_t most_held_out = 5000;
  std::uint64_t seed = 1;  // who are chosen by it.
};

SequenceData SequenceDataOf(const Dataset& dataset, const SequenceDataOptions& options);

}  // namespace vitrine
