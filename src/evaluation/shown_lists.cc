#include "vitrine/evaluation/shown_lists.h"

#include <algorithm>
#include <deque>
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

struct OpenItem {
  ItemIndex item{};
  bool is_shown = false;
  bool is_wanted = false;
};

// A list while the log is read.
struct OpenList {
  std::uint64_t number = 0;        // In the order in which they were opened.
  std::uint64_t token = kNoToken;  // Its checksum.
  Micros time_us = 0;              // Of its first impression, or outcome before there was one.
  bool has_impression = false;
  std::vector<OpenItem> items{};  // Distinct.

  bool Shows(ItemIndex item) const {
    return std::any_of(items.begin(), items.end(),
                       [item](const OpenItem& each) { return each.item == item && each.is_shown; });
  }

  // It shows something to choose from: then it does so whatever comes.
  bool IsUsable() const {
    const auto num_shown = std::count_if(items.begin(), items.end(),
                                         [](const OpenItem& each) { return each.is_shown; });
    return has_impression && static_cast<std::size_t>(num_shown) >= kLeastItems;
  }

  OpenItem& At(ItemIndex item) {
    const auto known = std::find_if(items.begin(), items.end(),
                                    [item](const OpenItem& each) { return each.item == item; });
    return known == items.end() ? items.emplace_back(OpenItem{.item = item}) : *known;
  }

  // `of`: what of the event's items it may hold.
  void Add(const Event& event, std::span<const ItemIndex> of) {
    const bool is_impression = event.type == EventType::kImpression;
    if (is_impression) {
      time_us = has_impression ? std::min(time_us, event.time_us) : event.time_us;
      has_impression = true;
    }
    for (const ItemIndex item : of) {
      OpenItem& one = At(item);
      // Who clicks it has seen it; a page, a cart or an order may have been reached otherwise.
      const bool is_seen = is_impression || event.type == EventType::kRecommendationClick;
      one.is_shown = one.is_shown || is_seen;
      one.is_wanted = one.is_wanted || !is_impression;
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
      AddToList(event, shopper, kNoToken, ItemsOf(event));
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
      std::erase_if(lists, [](const OpenList& each) { return !each.IsUsable(); });
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
    std::vector<ItemIndex> items = ItemsOf(event);
    std::erase_if(items, [&of](ItemIndex item) { return !of->PositionOf(item).has_value(); });
    AddToList(event, shopper, token, items);
  }

  // To the shopper's list of that token. Without one, events of one moment are one list: a shop may
  // send one for each item.
  void AddToList(const Event& event, std::uint64_t shopper, std::uint64_t token,
                 std::span<const ItemIndex> items) {
    if (items.empty()) return;
    std::vector<OpenList>& lists = lists_of_[shopper];
    const auto same = std::find_if(lists.begin(), lists.end(), [&](const OpenList& each) {
      return each.token == token && (token != kNoToken || each.time_us == event.time_us);
    });
    OpenList& list = same == lists.end() ? Open(event, shopper, token) : *same;
    const bool was_usable = list.IsUsable();
    list.Add(event, items);
    if (was_usable || !list.IsUsable()) return;
    ++num_lists_;
    KeepLatest(lists);
    while (num_lists_ > kMostShownLists) LeaveOutHalf();
  }

  void AddOutcome(const Event& event, std::uint64_t shopper) {
    const auto of_shopper = lists_of_.find(shopper);
    if (of_shopper == lists_of_.end()) return;
    for (const ItemIndex item : ItemsOf(event)) {
      OpenList* latest = nullptr;
      for (OpenList& each : of_shopper->second) {
        const bool may_be = each.token == kNoToken && each.time_us <= event.time_us &&
                            event.time_us - each.time_us <= kAttributionUs && each.Shows(item);
        if (may_be && (latest == nullptr || each.time_us >= latest->time_us)) latest = &each;
      }
      if (latest != nullptr) latest->At(item).is_wanted = true;
    }
  }

  // A list that waits for what it shows, which may never come: what waited for long is given up.
  OpenList& Open(const Event& event, std::uint64_t shopper, std::uint64_t token) {
    std::vector<OpenList>& lists = lists_of_[shopper];
    const auto waits = [](const OpenList& each) { return !each.IsUsable(); };
    const auto num_waiting = std::count_if(lists.begin(), lists.end(), waits);
    if (static_cast<std::size_t>(num_waiting) >= kMostListsOfShopper) {
      lists.erase(std::find_if(lists.begin(), lists.end(), waits));
    }
    lists.push_back({.number = ++num_opened_, .token = token, .time_us = event.time_us});
    opened_.emplace_back(shopper, num_opened_);
    if (opened_.size() > kMostWaitingLists) {
      GiveUp(opened_.front().first, opened_.front().second);
      opened_.pop_front();
    }
    return lists.back();
  }

  // Unless the list waits no longer.
  void GiveUp(std::uint64_t shopper, std::uint64_t number) {
    const auto of_shopper = lists_of_.find(shopper);
    if (of_shopper == lists_of_.end()) return;
    std::erase_if(of_shopper->second, [number](const OpenList& each) {
      return each.number == number && !each.IsUsable();
    });
    if (of_shopper->second.empty()) lists_of_.erase(of_shopper);
  }

  // Of the usable ones of a shopper.
  void KeepLatest(std::vector<OpenList>& lists) {
    const auto num_usable = std::count_if(lists.begin(), lists.end(),
                                          [](const OpenList& each) { return each.IsUsable(); });
    if (static_cast<std::size_t>(num_usable) <= kMostListsOfShopper) return;
    const auto rank = [](const OpenList& each) {
      return std::pair(!each.IsUsable(), each.time_us);
    };
    lists.erase(std::min_element(
        lists.begin(), lists.end(),
        [&rank](const OpenList& a, const OpenList& b) { return rank(a) < rank(b); }));
    --num_lists_;
  }

  void LeaveOutHalf() {
    left_out_ = 2 * left_out_ + 1;
    num_lists_ = 0;
    std::erase_if(lists_of_, [this](const auto& each) { return !IsKept(each.first); });
    for (const auto& [shopper, lists] : lists_of_) {
      num_lists_ += static_cast<std::size_t>(std::count_if(
          lists.begin(), lists.end(), [](const OpenList& each) { return each.IsUsable(); }));
    }
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
      std::vector<OpenItem> items = each.items;
      std::sort(items.begin(), items.end(),
                [](const OpenItem& a, const OpenItem& b) { return a.item < b.item; });
      for (const OpenItem& one : items) {
        if (!one.is_shown) continue;
        list.items.push_back(one.item);
        list.is_wanted.push_back(one.is_wanted ? 1 : 0);
      }
    }
  }

  const FeatureStore& store_;
  const TimeSpan span_;
  // By shopper, so that their order does not depend on that of the log. No token twice of one.
  std::map<std::uint64_t, std::vector<OpenList>> lists_of_;
  std::size_t num_lists_ = 0;  // Usable ones.
  std::uint64_t num_opened_ = 0;
  std::deque<std::pair<std::uint64_t, std::uint64_t>> opened_;  // The latest: shopper and number.
  std::uint64_t left_out_ = 0;                                  // Shoppers with any of these bits.
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
