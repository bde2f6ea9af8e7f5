#include "vitrine/evaluation/shown_lists.h"

#include <algorithm>
#include <map>
#include <memory>
#include <span>
#include <utility>

#include "vitrine/base/bytes.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/attribution.h"
#include "vitrine/feature_store/shopper_key.h"
#include "vitrine/training/ranker_lessons.h"

namespace vitrine {
namespace {

// As attribution_days of docs/attribution.md, where nobody says another.
constexpr Micros kAttributionUs = 7 * kMicrosPerDay;
constexpr std::size_t kLeastItems = 2;  // Of one there is nothing to choose.
constexpr std::uint64_t kNoToken = 0;

bool IsOutcome(EventType type) {
  return type == EventType::kRecommendationClick || type == EventType::kDetailPageView ||
         type == EventType::kAddToCart || type == EventType::kPurchaseComplete;
}

// A list while the log is read.
struct OpenList {
  std::uint64_t token = kNoToken;  // Its checksum.
  Micros time_us = 0;              // Of its first impression, or outcome before there was one.
  bool is_shown = false;           // There was one.
  std::vector<std::pair<ItemIndex, bool>> items{};  // And whether each is wanted; distinct.

  bool Has(ItemIndex item) const {
    return std::any_of(items.begin(), items.end(),
                       [item](const auto& each) { return each.first == item; });
  }
  void Put(ItemIndex item, bool is_wanted) {
    const auto known = std::find_if(items.begin(), items.end(),
                                    [item](const auto& each) { return each.first == item; });
    if (known == items.end()) {
      items.emplace_back(item, is_wanted);
    } else {
      known->second = known->second || is_wanted;
    }
  }
};

class Reading {
 public:
  Reading(const FeatureStore& store, TimeSpan span) : store_(store), span_(span) {}

  void Add(const Event& event) {
    const bool is_impression = event.type == EventType::kImpression;
    if (!is_impression && !IsOutcome(event.type)) return;
    if (event.time_us < span_.from_us || event.time_us >= span_.until_us) return;
    const std::uint64_t shopper = ShopperKey(store_, event);
    if (!IsKept(shopper)) return;
    if (!event.attribution_token.empty()) {
      AddOfToken(event, shopper);
    } else if (is_impression) {
      AddImpression(event, shopper);
    } else {
      AddOutcome(event, shopper);
    }
  }

  ShownLists Finish(const Dataset& dataset) {
    std::map<std::uint64_t, std::size_t> row_of;
    for (std::size_t row = 0; row < dataset.shopper_keys.size(); ++row) {
      const std::uint64_t shopper = dataset.shopper_keys[row];
      if (lists_of_.contains(shopper)) row_of.emplace(shopper, row);
    }
    ShownLists shown;
    for (auto& [shopper, lists] : lists_of_) {
      std::erase_if(lists, [](const OpenList& each) {
        return !each.is_shown || each.items.size() < kLeastItems;
      });
      if (lists.empty()) continue;
      std::stable_sort(lists.begin(), lists.end(),
                       [](const OpenList& a, const OpenList& b) { return a.time_us < b.time_us; });
      const auto row = row_of.find(shopper);
      if (row == row_of.end()) {
        Close(lists, {}, nullptr, shown);
      } else {
        Close(lists, dataset.History(row->second), dataset.ProfileOf(row->second), shown);
      }
    }
    return shown;
  }

 private:
  bool IsKept(std::uint64_t shopper) const { return ((shopper >> 1U) & left_out_) == 0; }

  std::vector<ItemIndex> ItemsOf(const Event& event) const {
    std::vector<ItemIndex> items;
    for (const EventItem& line : event.items) {
      const auto item = store_.catalogue().Find(line.item_id);
      if (item.has_value()) items.push_back(*item);
    }
    return items;
  }

  void AddOfToken(const Event& event, std::uint64_t shopper) {
    const absl::StatusOr<Attribution> of = ReadAttribution(store_, event.attribution_token);
    if (!of.ok()) return;
    const std::uint64_t token = std::max<std::uint64_t>(1, Checksum(event.attribution_token));
    const bool is_impression = event.type == EventType::kImpression;
    std::vector<OpenList>& lists = lists_of_[shopper];
    auto list = std::find_if(lists.begin(), lists.end(),
                             [token](const OpenList& each) { return each.token == token; });
    OpenList made{.token = token, .time_us = event.time_us};
    OpenList& one = list == lists.end() ? made : *list;
    if (is_impression) {
      one.time_us = one.is_shown ? std::min(one.time_us, event.time_us) : event.time_us;
      one.is_shown = true;
    }
    for (const ItemIndex item : ItemsOf(event)) {
      if (of->PositionOf(item).has_value()) one.Put(item, !is_impression);
    }
    if (list == lists.end()) Open(shopper, std::move(made));
  }

  // Events of one moment are one list: a shop may send one for each item.
  void AddImpression(const Event& event, std::uint64_t shopper) {
    std::vector<OpenList>& lists = lists_of_[shopper];
    const auto same = std::find_if(lists.begin(), lists.end(), [&event](const OpenList& each) {
      return each.token == kNoToken && each.time_us == event.time_us;
    });
    OpenList made{.time_us = event.time_us, .is_shown = true};
    OpenList& one = same == lists.end() ? made : *same;
    for (const ItemIndex item : ItemsOf(event)) one.Put(item, false);
    if (same == lists.end()) Open(shopper, std::move(made));
  }

  void AddOutcome(const Event& event, std::uint64_t shopper) {
    const auto of_shopper = lists_of_.find(shopper);
    if (of_shopper == lists_of_.end()) return;
    for (const ItemIndex item : ItemsOf(event)) {
      OpenList* latest = nullptr;
      for (OpenList& each : of_shopper->second) {
        const bool may_be = each.token == kNoToken && each.time_us <= event.time_us &&
                            event.time_us - each.time_us <= kAttributionUs && each.Has(item);
        if (may_be && (latest == nullptr || each.time_us >= latest->time_us)) latest = &each;
      }
      if (latest != nullptr) latest->Put(item, true);
    }
  }

  void Open(std::uint64_t shopper, OpenList list) {
    std::vector<OpenList>& lists = lists_of_[shopper];
    lists.push_back(std::move(list));
    ++num_lists_;
    if (lists.size() > kMostListsOfShopper) {
      lists.erase(std::min_element(
          lists.begin(), lists.end(),
          [](const OpenList& a, const OpenList& b) { return a.time_us < b.time_us; }));
      --num_lists_;
    }
    while (num_lists_ > kMostShownLists) LeaveOutHalf();
  }

  void LeaveOutHalf() {
    left_out_ = 2 * left_out_ + 1;
    num_lists_ = 0;
    std::erase_if(lists_of_, [this](const auto& each) { return !IsKept(each.first); });
    for (const auto& [shopper, lists] : lists_of_) num_lists_ += lists.size();
  }

  // Adds `lists` of one shopper, by time.
  static void Close(std::span<const OpenList> lists, std::span<const Interaction> history,
                    const std::shared_ptr<const ProfileAttributes>& profile, ShownLists& shown) {
    const std::uint64_t begin = shown.past.size();
    const std::uint32_t shopper = shown.lists.empty() ? 0 : shown.lists.back().shopper + 1;
    const auto before = [&](Micros time_us) {
      return std::partition_point(history.begin(), history.end(),
                                  [=](const auto& each) { return each.time_us < time_us; });
    };
    shown.past.insert(shown.past.end(), history.begin(), before(lists.back().time_us));
    for (const OpenList& each : lists) {
      ShownList& list = shown.lists.emplace_back();
      list.history_begin = begin;
      list.history_end = begin + static_cast<std::uint64_t>(before(each.time_us) - history.begin());
      list.time_us = each.time_us;
      list.shopper = shopper;
      list.profile = profile;
      std::vector<std::pair<ItemIndex, bool>> items = each.items;
      std::sort(items.begin(), items.end());
      for (const auto& [item, is_wanted] : items) {
        list.items.push_back(item);
        list.is_wanted.push_back(is_wanted ? 1 : 0);
      }
    }
  }

  const FeatureStore& store_;
  const TimeSpan span_;
  // By shopper, so that their order does not depend on that of the log. No token twice of one.
  std::map<std::uint64_t, std::vector<OpenList>> lists_of_;
  std::size_t num_lists_ = 0;
  std::uint64_t left_out_ = 0;  // Shoppers with any of these bits.
};

}  // namespace

absl::StatusOr<ShownLists> ReadShownLists(const FeatureStore& store, const Dataset& dataset,
                                          TimeSpan span, const std::atomic<bool>* is_cancelled) {
  Reading reading(store, span);
  bool is_called_off = false;
  VITRINE_RETURN_IF_ERROR(store.ReadEvents(0, [&](std::uint64_t /*offset*/, const Event& event) {
    reading.Add(event);
    is_called_off = is_cancelled != nullptr && *is_cancelled;
    return !is_called_off;
  }));
  if (is_called_off) return absl::CancelledError("the reading of impressions was cancelled");
  return reading.Finish(dataset);
}

std::size_t NumChoosers(const ShownLists& shown) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < shown.lists.size();) {
    const std::uint32_t shopper = shown.lists[i].shopper;
    bool chooses = false;
    for (; i < shown.lists.size() && shown.lists[i].shopper == shopper; ++i) {
      chooses = chooses || IsChoice(shown.lists[i].is_wanted);
    }
    if (chooses) ++count;
  }
  return count;
}

}  // namespace vitrine
