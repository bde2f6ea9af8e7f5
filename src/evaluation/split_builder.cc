#include "evaluation/split_builder.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace vitrine {

std::vector<ItemIndex> DistinctItems(std::span<const Interaction> interactions) {
  std::vector<ItemIndex> items(interactions.size());
  std::transform(interactions.begin(), interactions.end(), items.begin(),
                 [](const Interaction& each) { return each.item; });
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  return items;
}

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

void AppendUser(const Dataset& from, std::size_t user, std::span<const Interaction> history,
                Dataset& to) {
  if (!from.user_ids.empty()) to.user_ids.push_back(from.user_ids[user]);
  if (auto profile = from.ProfileOf(user)) {
    to.profiles.push_back({static_cast<std::uint32_t>(to.num_users()), std::move(profile)});
  }
  to.interactions.insert(to.interactions.end(), history.begin(), history.end());
  to.user_begin.push_back(to.interactions.size());
}

SplitBuilder::SplitBuilder(const Dataset& dataset, bool allow_repeats) : dataset_(dataset) {
  split_.train.item_ids = dataset.item_ids;
  split_.train.items = dataset.items;
  split_.candidates = ItemBitmap(dataset.num_items(), /*is_full=*/true);
  split_.allow_repeats = allow_repeats;
}

std::uint32_t SplitBuilder::Train(std::size_t user, std::span<const Interaction> history) {
  AppendUser(dataset_, user, history, split_.train);
  return static_cast<std::uint32_t>(split_.train.num_users() - 1);
}

void SplitBuilder::BeginGroup(std::size_t user, std::span<const Interaction> past,
                              std::uint32_t training_user) {
  if (split_.cases.empty() || !has_case_) {
    split_.past.resize(group_begin_);  // Nobody asks for what the group before it did.
  }
  has_case_ = false;
  group_begin_ = split_.past.size();
  training_user_ = training_user;
  profile_ = dataset_.ProfileOf(user);
  split_.past.insert(split_.past.end(), past.begin(), past.end());
}

void SplitBuilder::Ask(std::size_t num_shown, Micros now_us, std::vector<ItemIndex> relevant) {
  TestCase test{.history_begin = group_begin_,
                .history_end = group_begin_ + num_shown,
                .now_us = now_us,
                .relevant = std::move(relevant),
                .training_user = training_user_,
                .profile = profile_};
  if (is_kept_to_trained_) {
    std::erase_if(test.relevant,
                  [this](ItemIndex item) { return !split_.candidates.Contains(item); });
  }
  if (!split_.allow_repeats) {
    const std::vector<ItemIndex> had = DistinctItems(split_.History(test));
    std::erase_if(test.relevant, [&had](ItemIndex item) {
      return std::binary_search(had.begin(), had.end(), item);
    });
  }
  if (test.relevant.empty()) return;
  test.group = static_cast<std::uint32_t>(split_.num_groups()) - (has_case_ ? 1 : 0);
  has_case_ = true;
  split_.cases.push_back(std::move(test));
}

void SplitBuilder::KeepToTrained() {
  is_kept_to_trained_ = true;
  split_.candidates = ItemBitmap(dataset_.num_items());
  for (const Interaction& each : split_.train.interactions) split_.candidates.Insert(each.item);
}

Split SplitBuilder::Take(Micros now_us) {
  split_.train.now_us = now_us;
  SetFingerprint(split_.train);
  return std::move(split_);
}

Split SplitBuilder::Take() {
  Micros latest = 0;
  for (const Interaction& each : split_.train.interactions) {
    latest = std::max(latest, each.time_us);
  }
  return Take(latest);
}

}  // namespace vitrine
