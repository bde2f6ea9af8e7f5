#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>

#include "vitrine/evaluation/protocol.h"

namespace vitrine {
namespace {

std::vector<ItemIndex> DistinctItems(std::span<const Interaction> interactions) {
  std::vector<ItemIndex> items(interactions.size());
  std::transform(interactions.begin(), interactions.end(), items.begin(),
                 [](const Interaction& each) { return each.item; });
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  return items;
}

// Items whose weights sum to more than 0, ascending.
std::vector<ItemIndex> LikedItems(std::span<const Interaction> interactions) {
  std::vector<Interaction> by_item(interactions.begin(), interactions.end());
  std::stable_sort(by_item.begin(), by_item.end(),
                   [](const Interaction& a, const Interaction& b) { return a.item < b.item; });
  std::vector<ItemIndex> liked;
  for (auto begin = by_item.begin(); begin != by_item.end();) {
    const auto end = std::find_if(begin, by_item.end(), [begin](const Interaction& each) {
      return each.item != begin->item;
    });
    const double weight = std::accumulate(begin, end, 0.0, [](double sum, const Interaction& each) {
      return sum + static_cast<double>(each.weight);
    });
    if (weight > 0) liked.push_back(begin->item);
    begin = end;
  }
  return liked;
}

std::vector<ItemIndex> Without(const std::vector<ItemIndex>& items,
                               const std::vector<ItemIndex>& removed) {
  std::vector<ItemIndex> left;
  std::set_difference(items.begin(), items.end(), removed.begin(), removed.end(),
                      std::back_inserter(left));
  return left;
}

void AppendUser(const Dataset& from, std::size_t user, std::span<const Interaction> interactions,
                Dataset& to) {
  if (!from.user_ids.empty()) to.user_ids.push_back(from.user_ids[user]);
  to.interactions.insert(to.interactions.end(), interactions.begin(), interactions.end());
  to.user_begin.push_back(to.interactions.size());
}

}  // namespace

Split SplitByTime(const Dataset& dataset, Micros cut_us, bool allow_repeats) {
  Split split;
  Dataset& train = split.train;
  train.item_ids = dataset.item_ids;
  train.items = dataset.items;
  train.now_us = cut_us;
  split.candidates = ItemBitmap(dataset.num_items());
  std::vector<std::span<const Interaction>> after;
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    const std::span<const Interaction> history = dataset.History(user);
    const auto cut = std::partition_point(history.begin(), history.end(),
                                          [=](const auto& each) { return each.time_us < cut_us; });
    const auto num_before = static_cast<std::size_t>(cut - history.begin());
    if (num_before == 0) continue;
    AppendUser(dataset, user, history.first(num_before), train);
    after.push_back(history.subspan(num_before));
  }
  for (const Interaction& each : train.interactions) split.candidates.Insert(each.item);
  for (std::size_t user = 0; user < after.size(); ++user) {
    std::vector<ItemIndex> relevant = LikedItems(after[user]);
    std::erase_if(relevant, [&](ItemIndex item) { return !split.candidates.Contains(item); });
    if (!allow_repeats) relevant = Without(relevant, DistinctItems(train.History(user)));
    split.relevant.push_back(std::move(relevant));
  }
  SetFingerprint(train);
  return split;
}

Micros TemporalCut(const Dataset& dataset, double test_fraction) {
  if (dataset.interactions.empty()) return 0;
  std::vector<Micros> times(dataset.interactions.size());
  std::transform(dataset.interactions.begin(), dataset.interactions.end(), times.begin(),
                 [](const Interaction& each) { return each.time_us; });
  const auto num_test =
      static_cast<std::size_t>(std::ceil(test_fraction * static_cast<double>(times.size())));
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

Dataset DistinctPairs(const Dataset& dataset) {
  Dataset distinct;
  distinct.item_ids = dataset.item_ids;
  distinct.items = dataset.items;
  distinct.now_us = dataset.now_us;
  constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();
  std::vector<std::size_t> latest_user(dataset.num_items(), kNever);
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    const std::span<const Interaction> history = dataset.History(user);
    std::vector<Interaction> kept;
    for (auto each = history.rbegin(); each != history.rend(); ++each) {
      if (!(each->weight > 0) || latest_user[Row(each->item)] == user) continue;
      latest_user[Row(each->item)] = user;
      kept.push_back(*each);
      kept.back().weight = 1;
    }
    std::reverse(kept.begin(), kept.end());
    AppendUser(dataset, user, kept, distinct);
  }
  SetFingerprint(distinct);
  return distinct;
}

}  // namespace vitrine
