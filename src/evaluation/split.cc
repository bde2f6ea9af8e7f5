#include "vitrine/evaluation/split.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "evaluation/split_builder.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

bool IsLiked(const Interaction& interaction) { return interaction.weight > 0; }

std::span<const Interaction> HistoryBefore(const Dataset& dataset, std::size_t user,
                                           Micros cut_us) {
  const std::span<const Interaction> history = dataset.History(user);
  const auto cut = std::partition_point(history.begin(), history.end(),
                                        [=](const auto& each) { return each.time_us < cut_us; });
  return history.first(static_cast<std::size_t>(cut - history.begin()));
}

// The latest interaction of each liked item, with weight 1. `latest_owner` [items] marks what was
// kept for `owner`.
std::vector<Interaction> DistinctLiked(std::span<const Interaction> history, std::size_t owner,
                                       std::vector<std::size_t>& latest_owner) {
  std::vector<Interaction> kept;
  for (auto each = history.rbegin(); each != history.rend(); ++each) {
    if (!IsLiked(*each) || latest_owner[Row(each->item)] == owner) continue;
    latest_owner[Row(each->item)] = owner;
    kept.push_back(*each);
    kept.back().weight = 1;
  }
  std::reverse(kept.begin(), kept.end());
  return kept;
}

}  // namespace

Split SplitByTime(const Dataset& dataset, Micros cut_us, bool allow_repeats) {
  SplitBuilder builder(dataset, allow_repeats);
  std::vector<std::uint32_t> training_user(dataset.num_users(), kNoTrainingUser);
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    const std::span<const Interaction> before = HistoryBefore(dataset, user, cut_us);
    if (!before.empty()) training_user[user] = builder.Train(user, before);
  }
  builder.KeepToTrained();
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    const std::span<const Interaction> before = HistoryBefore(dataset, user, cut_us);
    if (before.empty()) continue;
    builder.BeginGroup(user, before, training_user[user]);
    builder.Ask(before.size(), cut_us, LikedItems(dataset.History(user).subspan(before.size())));
  }
  return builder.Take(cut_us);
}

Micros TemporalCut(const Dataset& dataset, double test_share) {
  std::vector<Micros> times(dataset.interactions.size());
  std::transform(dataset.interactions.begin(), dataset.interactions.end(), times.begin(),
                 [](const Interaction& each) { return each.time_us; });
  return TemporalCut(std::move(times), test_share);
}

Micros TemporalCut(std::vector<Micros> times, double test_share) {
  if (times.empty()) return 0;
  const auto num_test =
      static_cast<std::size_t>(std::ceil(test_share * static_cast<double>(times.size())));
  const auto [earliest, latest] = std::minmax_element(times.begin(), times.end());
  const Micros first = *earliest;
  const Micros after_all = *latest + 1;
  if (num_test == 0) return after_all;
  const auto nth = times.end() - static_cast<std::ptrdiff_t>(std::min(num_test, times.size()));
  std::nth_element(times.begin(), nth, times.end());
  if (*nth != first) return *nth;
  // Something must be left to learn from.
  return std::accumulate(times.begin(), times.end(), after_all, [first](Micros cut, Micros time) {
    return time > first ? std::min(cut, time) : cut;
  });
}

Dataset Before(const Dataset& dataset, Micros cut_us) {
  Dataset before;
  before.item_ids = dataset.item_ids;
  before.items = dataset.items;
  before.now_us = cut_us;
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    const std::span<const Interaction> history = HistoryBefore(dataset, user, cut_us);
    if (!history.empty()) AppendUser(dataset, user, history, before);
  }
  SetFingerprint(before);
  return before;
}

Split ValidationBefore(const Dataset& dataset, Micros cut_us, double share, bool allow_repeats) {
  const Dataset before = Before(dataset, cut_us);
  return SplitByTime(before, TemporalCut(before, share), allow_repeats);
}

Split NewShoppers(const Dataset& dataset, Micros cut_us) {
  SplitBuilder builder(dataset, /*allow_repeats=*/false);
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    const std::span<const Interaction> before = HistoryBefore(dataset, user, cut_us);
    if (!before.empty()) (void)builder.Train(user, before);
  }
  builder.KeepToTrained();
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    const std::span<const Interaction> history = dataset.History(user);
    const bool is_new = !history.empty() && history.front().time_us >= cut_us;
    if (!is_new || dataset.ProfileOf(user) == nullptr) continue;
    builder.BeginGroup(user, {}, kNoTrainingUser);
    builder.Ask(0, history.front().time_us, LikedItems(history));
  }
  return builder.Take(cut_us);
}

Split HoldOutItems(const Dataset& dataset, double share, std::uint64_t seed, bool allow_repeats) {
  SplitBuilder builder(dataset, allow_repeats);
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    const std::span<const Interaction> history = dataset.History(user);
    std::vector<ItemIndex> held_out = DistinctItems(history);
    Random(seed, user).Shuffle(held_out);
    const auto num_held_out =
        static_cast<std::size_t>(std::llround(share * static_cast<double>(held_out.size())));
    held_out.resize(std::min(num_held_out, std::max<std::size_t>(held_out.size(), 1) - 1));
    std::sort(held_out.begin(), held_out.end());

    std::vector<Interaction> kept;
    std::vector<Interaction> answers;
    for (const Interaction& each : history) {
      const bool is_held_out = std::binary_search(held_out.begin(), held_out.end(), each.item);
      (is_held_out ? answers : kept).push_back(each);
    }
    builder.BeginGroup(user, kept, builder.Train(user, kept));
    builder.Ask(kept.size(), dataset.now_us, LikedItems(answers));
  }
  return builder.Take(dataset.now_us);
}

Split LeaveLastOut(const Dataset& dataset, Part part, bool allow_repeats) {
  SplitBuilder builder(dataset, allow_repeats);
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    const std::span<const Interaction> history = dataset.History(user);
    std::vector<std::size_t> liked;
    for (std::size_t i = 0; i < history.size(); ++i) {
      if (IsLiked(history[i])) liked.push_back(i);
    }
    if (liked.size() < 3) {
      (void)builder.Train(user, history);
      continue;
    }
    const std::size_t validation = liked[liked.size() - 2];
    const std::size_t answer = part == Part::kTest ? liked.back() : validation;
    const std::uint32_t row = builder.Train(user, history.first(validation));
    builder.BeginGroup(user, history.first(answer), row);
    builder.Ask(answer, history[answer].time_us, {history[answer].item});
  }
  return builder.Take();
}

Dataset DistinctPairs(const Dataset& dataset) {
  Dataset distinct;
  distinct.item_ids = dataset.item_ids;
  distinct.items = dataset.items;
  distinct.now_us = dataset.now_us;
  std::vector<std::size_t> latest_user(dataset.num_items(), kNever);
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    AppendUser(dataset, user, DistinctLiked(dataset.History(user), user, latest_user), distinct);
  }
  SetFingerprint(distinct);
  return distinct;
}

Split DistinctPairs(const Split& split) {
  Split distinct{.train = DistinctPairs(split.train),
                 .cases = split.cases,
                 .candidates = split.candidates,
                 .allow_repeats = split.allow_repeats};
  std::vector<std::size_t> latest_case(split.train.num_items(), kNever);
  for (std::size_t i = 0; i < split.cases.size(); ++i) {
    const std::vector<Interaction> kept =
        DistinctLiked(split.History(split.cases[i]), i, latest_case);
    distinct.cases[i].history_begin = distinct.past.size();
    distinct.past.insert(distinct.past.end(), kept.begin(), kept.end());
    distinct.cases[i].history_end = distinct.past.size();
  }
  return distinct;
}

}  // namespace vitrine
