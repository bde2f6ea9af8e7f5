#include "training/sequence_data.h"

#include <algorithm>
#include <limits>

#include "vitrine/base/random.h"
#include "vitrine/nn/embedding.h"

namespace vitrine {

namespace {

// Windows of a shopper's steps [begin, end), the last one full: each begins with the last target of
// the one before.
void AppendWindows(std::size_t begin, std::size_t end, std::size_t length,
                   std::vector<SequenceData::Window>& windows) {
  while (end - begin >= 2) {
    const std::size_t count = std::min(end - begin, length + 1);
    windows.push_back({.begin = end - count, .count = count});
    end -= count - 1;
  }
}

// One for each of them but the first, the last one last, as `length` has it.
void AppendPrefixes(std::size_t begin, std::size_t end, std::size_t length,
                    std::vector<SequenceData::Window>& windows) {
  for (std::size_t stop = begin + 2; stop <= end; ++stop) {
    const std::size_t count = std::min(stop - begin, length + 1);
    windows.push_back({.begin = stop - count, .count = count});
  }
}

// Items count in the order of their rows.
void Renumber(std::size_t num_items, SequenceData& data) {
  std::vector<std::uint32_t> number(num_items, nn::kNoId);
  for (const SequenceStep& step : data.steps) number[step.item] = 0;
  for (std::uint32_t row = 0; row < num_items; ++row) {
    if (number[row] == nn::kNoId) continue;
    number[row] = static_cast<std::uint32_t>(data.item_rows.size());
    data.item_rows.push_back(row);
  }
  for (SequenceStep& step : data.steps) step.item = number[step.item];
}

void Describe(SequenceData& data) {
  data.counts.assign(data.item_rows.size(), 0);
  for (const SequenceData::Window& window : data.windows) {
    const std::span<const SequenceStep> steps =
        std::span<const SequenceStep>(data.steps).subspan(window.begin, window.count);
    for (std::size_t i = 1; i < steps.size(); ++i) {
      if (i > data.FirstAsked(window)) data.counts[steps[i].item] += 1;
      data.has_time_gaps |= TimeGap(steps[i - 1].time_us, steps[i].time_us) > 1;
      data.has_event_types |= steps[i - 1].type != steps[i].type;
    }
  }
}

}  // namespace

SequenceData SequenceDataOf(const Dataset& dataset, const SequenceDataOptions& options) {
  SequenceData data;
  data.has_prefixes = options.has_prefixes;
  const ItemBitmap all(dataset.num_items(), true);
  Random random(options.seed);
  std::vector<Interaction> newest_first;
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    const std::span<const Interaction> history = dataset.History(user);
    newest_first.assign(history.rbegin(), history.rend());
    const auto steps = LatestSteps(newest_first, all,
                                   {.length = std::numeric_limits<std::size_t>::max(),
                                    .merges_repeats = options.merges_repeats});
    if (steps.size() < 2) continue;
    const std::size_t begin = data.steps.size();
    data.steps.insert(data.steps.end(), steps.begin(), steps.end());
    std::size_t latest = data.windows.size();
    if (options.has_prefixes) {
      AppendPrefixes(begin, data.steps.size(), options.length, data.windows);
      latest = data.windows.size() - 1;
    } else {
      AppendWindows(begin, data.steps.size(), options.length, data.windows);
    }
    if (steps.size() < 3 || data.held_out.size() >= options.most_held_out) continue;
    if (random.Uniform() >= options.held_out_share) continue;
    data.windows[latest].is_held_out = true;
    data.held_out.push_back(static_cast<std::uint32_t>(latest));
  }
  Renumber(dataset.num_items(), data);
  Describe(data);
  return data;
}

}  // namespace vitrine
