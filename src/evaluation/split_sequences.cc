// Splits of shops where people come again: by basket and by session.

#include <algorithm>
#include <vector>

#include "evaluation/split_builder.h"
#include "vitrine/evaluation/split.h"

namespace vitrine {
namespace {

// The first index past the interactions of the moment that `begin` is of.
std::size_t EndOfMoment(std::span<const Interaction> history, std::size_t begin) {
  std::size_t end = begin;
  while (end < history.size() && history[end].time_us == history[begin].time_us) ++end;
  return end;
}

// The last of two or more baskets.
struct LastBasket {
  std::size_t begin = 0;  // Into the history; 0: there are less than two baskets.
  std::vector<ItemIndex> liked{};
};

LastBasket FindLastBasket(std::span<const Interaction> history) {
  LastBasket last;
  std::size_t num_baskets = 0;
  for (std::size_t begin = 0; begin < history.size();) {
    const std::size_t end = EndOfMoment(history, begin);
    std::vector<ItemIndex> liked = LikedItems(history.subspan(begin, end - begin));
    if (!liked.empty()) {
      ++num_baskets;
      last = {begin, std::move(liked)};
    }
    begin = end;
  }
  return num_baskets < 2 ? LastBasket{} : last;
}

// Each session's first moment, rounded down to a day; sessions without any have none.
std::vector<Micros> FirstDays(const Dataset& dataset) {
  std::vector<Micros> days;
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    const std::span<const Interaction> session = dataset.History(user);
    if (session.empty()) continue;
    const Micros time = session.front().time_us;
    const Micros into_day = (time % kMicrosPerDay + kMicrosPerDay) % kMicrosPerDay;
    days.push_back(time - into_day);
  }
  return days;
}

Dataset SessionsBefore(const Dataset& dataset, Micros cut_us) {
  Dataset before;
  before.item_ids = dataset.item_ids;
  before.items = dataset.items;
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    const std::span<const Interaction> session = dataset.History(user);
    if (session.empty() || session.front().time_us >= cut_us) continue;
    AppendUser(dataset, user, session, before);
  }
  return before;
}

void AskForEveryNext(const Dataset& dataset, std::size_t user, SplitBuilder& builder) {
  const std::span<const Interaction> session = dataset.History(user);
  builder.BeginGroup(user, session, kNoTrainingUser);
  bool is_first = true;
  for (std::size_t i = 0; i < session.size(); ++i) {
    if (!(session[i].weight > 0)) continue;
    if (!is_first) builder.Ask(i, session[i].time_us, {session[i].item});
    is_first = false;
  }
}

}  // namespace

Split NextBasket(const Dataset& dataset, Part part) {
  SplitBuilder builder(dataset, /*allow_repeats=*/true);
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    std::span<const Interaction> history = dataset.History(user);
    LastBasket last = FindLastBasket(history);
    if (part == Part::kValidation && last.begin > 0) {
      history = history.first(last.begin);
      last = FindLastBasket(history);
    }
    if (last.begin == 0) {
      (void)builder.Train(user, history);
      continue;
    }
    const std::span<const Interaction> before = history.first(last.begin);
    builder.BeginGroup(user, before, builder.Train(user, before));
    builder.Ask(before.size(), history[last.begin].time_us, std::move(last.liked));
  }
  return builder.Take();
}

Split SessionPrefixes(const Dataset& dataset, Part part, double test_share) {
  const Micros cut = TemporalCut(FirstDays(dataset), test_share);
  if (part == Part::kValidation) {
    return SessionPrefixes(SessionsBefore(dataset, cut), Part::kTest, test_share);
  }
  SplitBuilder builder(dataset, /*allow_repeats=*/true);
  const auto is_trained_on = [cut](std::span<const Interaction> session) {
    return !session.empty() && session.front().time_us < cut;
  };
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    if (is_trained_on(dataset.History(user))) (void)builder.Train(user, dataset.History(user));
  }
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    if (!is_trained_on(dataset.History(user))) AskForEveryNext(dataset, user, builder);
  }
  return builder.Take();
}

}  // namespace vitrine
