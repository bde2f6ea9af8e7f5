#include "insight/shopper_table.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

#include "insight/sessions.h"
#include "insight/words.h"

namespace vitrine {
namespace {

constexpr std::size_t kShoppersPerShard = 256;
constexpr std::size_t kMaxFavourites = 3;
constexpr std::size_t kMaxNeeds = 5;
// So many usual gaps after the last purchase, a habit is over.
constexpr double kHabitEndsAfterGaps = 3;

double DaysBetween(Micros from, Micros to) {
  return static_cast<double>(to - from) / static_cast<double>(kMicrosPerDay);
}

// The moments of `times` that are at least a day after the one before: a basket that was split over
// several orders is one purchase. REQUIRES: ascending
std::vector<Micros> DaysApart(const std::vector<Micros>& times) {
  std::vector<Micros> kept;
  for (const Micros time : times) {
    if (kept.empty() || time - kept.back() >= kMicrosPerDay) kept.push_back(time);
  }
  return kept;
}

// REQUIRES: at least two
double MedianGapDays(const std::vector<Micros>& times) {
  std::vector<double> gaps;
  for (std::size_t i = 1; i < times.size(); ++i) {
    gaps.push_back(DaysBetween(times[i - 1], times[i]));
  }
  return QuantileOf(std::move(gaps), 0.5);
}

// Sums up one shopper.
class Summary {
 public:
  Summary(const Timelines& timelines, const ItemFacts& items, const SummaryRules& rules,
          Micros as_of_us)
      : timelines_(timelines), items_(items), rules_(rules), as_of_us_(as_of_us) {}

  ShopperSummary Of(std::size_t shopper) const {
    ShopperSummary row{.id = timelines_.ids[shopper],
                       .is_visitor = timelines_.is_visitor[shopper] != 0};
    const std::span<const Act> acts = Until(timelines_.ActsOf(shopper), as_of_us_);
    AddDays(acts, timelines_.ShownTo(shopper), row);
    for (const Act& act : acts) {
      row.views += act.type == EventType::kDetailPageView ? 1 : 0;
      row.carts += act.type == EventType::kAddToCart ? 1 : 0;
      row.returns += act.type == EventType::kReturnComplete ? 1 : 0;
    }
    ForEachSession(acts, rules_.session_gap_us, [&row](std::span<const Act>) { ++row.sessions; });
    AddOrders(timelines_.OrdersOf(shopper), row);
    row.favourites = FavouritesOf(acts);
    row.needs = NeedsOf(acts);
    return row;
  }

 private:
  // When the shopper was seen first and last, and on how many days; when shown something, too.
  void AddDays(std::span<const Act> acts, std::span<const Micros> shown,
               ShopperSummary& row) const {
    std::vector<std::int32_t> days;
    const auto note = [&](Micros time_us) {
      if (row.last_seen_us == 0 || time_us < row.first_seen_us) row.first_seen_us = time_us;
      row.last_seen_us = std::max(row.last_seen_us, time_us);
      const std::int32_t day = rules_.calendar.DayOf(time_us);
      if (days.empty() || days.back() != day) days.push_back(day);
    };
    for (const Act& act : acts) note(act.time_us);
    for (const Micros time_us : shown) {
      if (time_us <= as_of_us_) note(time_us);
    }
    std::sort(days.begin(), days.end());
    row.active_days =
        static_cast<std::uint32_t>(std::unique(days.begin(), days.end()) - days.begin());
  }

  void AddOrders(std::span<const PlacedOrder> orders, ShopperSummary& row) const {
    std::vector<Micros> times;
    for (const PlacedOrder& order : orders) {
      if (order.time_us > as_of_us_) break;
      ++row.orders;
      times.push_back(order.time_us);
      if (!order.has_value) continue;
      ++row.priced_orders;
      row.value_micros = AddMoney(row.value_micros, order.value_micros);
      row.max_order_micros = std::max(row.max_order_micros, order.value_micros);
    }
    if (times.empty()) return;
    row.first_order_us = times.front();
    row.last_order_us = times.back();
    const std::vector<Micros> apart = DaysApart(times);
    if (apart.size() >= 2) row.order_gap_days = MedianGapDays(apart);
  }

  std::vector<CategoryTaste> FavouritesOf(std::span<const Act> acts) const {
    const EventWeights weights;
    std::map<std::uint32_t, double> weight_of;
    double total = 0;
    for (const Act& act : acts) {
      const double weight = weights.Of(act.type, 0);
      if (!(weight > 0) || act.type == EventType::kRate) continue;
      const double decayed =
          weight * std::exp2(-DaysBetween(act.time_us, as_of_us_) / rules_.taste_half_life_days);
      for (const std::uint32_t item : timelines_.ItemsOf(act)) {
        const std::vector<std::uint32_t>& categories = items_.categories_of[item];
        for (const std::uint32_t category : categories) {
          weight_of[category] += decayed / static_cast<double>(categories.size());
        }
        if (!categories.empty()) total += decayed;
      }
    }
    std::vector<CategoryTaste> tastes;
    for (const auto& [category, weight] : weight_of) tastes.push_back({category, weight / total});
    std::stable_sort(tastes.begin(), tastes.end(),
                     [](const auto& a, const auto& b) { return a.share > b.share; });
    if (tastes.size() > kMaxFavourites) tastes.resize(kMaxFavourites);
    return tastes;
  }

  std::vector<RepeatNeed> NeedsOf(std::span<const Act> acts) const {
    std::map<std::uint32_t, std::vector<Micros>> times_of;
    for (const Act& act : acts) {
      if (act.type != EventType::kPurchaseComplete) continue;
      for (const std::uint32_t item : timelines_.ItemsOf(act)) {
        times_of[item].push_back(act.time_us);
      }
    }
    std::vector<RepeatNeed> needs;
    for (const auto& [item, times] : times_of) {
      const std::vector<Micros> apart = DaysApart(times);
      if (apart.size() < 2) continue;
      const double gap_days = MedianGapDays(apart);
      if (DaysBetween(apart.back(), as_of_us_) > kHabitEndsAfterGaps * gap_days) continue;
      const double gap_us = gap_days * static_cast<double>(kMicrosPerDay);
      needs.push_back({.item = item,
                       .num_purchases = static_cast<std::uint32_t>(apart.size()),
                       .gap_days = gap_days,
                       .last_us = apart.back(),
                       .due_us = apart.back() + static_cast<Micros>(gap_us)});
    }
    std::stable_sort(needs.begin(), needs.end(),
                     [](const auto& a, const auto& b) { return a.due_us < b.due_us; });
    if (needs.size() > kMaxNeeds) needs.resize(kMaxNeeds);
    return needs;
  }

  const Timelines& timelines_;
  const ItemFacts& items_;
  const SummaryRules& rules_;
  const Micros as_of_us_;
};

}  // namespace

ItemFacts LookUpItems(const std::vector<std::string>& item_ids, const Catalogue& catalogue) {
  ItemFacts facts;
  facts.categories_of.resize(item_ids.size());
  std::unordered_map<std::string, std::uint32_t> numbers;
  for (std::size_t row = 0; row < item_ids.size(); ++row) {
    const auto index = catalogue.Find(item_ids[row]);
    const auto item = index.has_value() ? catalogue.Get(*index) : nullptr;
    facts.titles.push_back(item != nullptr && !item->title.empty() ? item->title : item_ids[row]);
    if (item == nullptr) continue;
    for (const std::string& path : item->categories) {
      const auto next = static_cast<std::uint32_t>(numbers.size());
      const auto [place, is_new] = numbers.try_emplace(path, next);
      if (is_new) facts.categories.push_back(path);
      std::vector<std::uint32_t>& own = facts.categories_of[row];
      if (std::find(own.begin(), own.end(), place->second) == own.end()) {
        own.push_back(place->second);
      }
    }
  }
  return facts;
}

std::vector<ShopperSummary> MakeShopperSummaries(const Timelines& timelines, const ItemFacts& items,
                                                 const SummaryRules& rules, Micros as_of_us,
                                                 ThreadPool& pool) {
  const std::size_t num_shoppers = timelines.num_shoppers();
  std::vector<ShopperSummary> rows(num_shoppers);
  const Summary summary(timelines, items, rules, as_of_us);
  pool.ParallelFor(
      (num_shoppers + kShoppersPerShard - 1) / kShoppersPerShard, [&](std::size_t shard) {
        if (rules.is_cancelled != nullptr && *rules.is_cancelled) return;
        const std::size_t end = std::min(num_shoppers, (shard + 1) * kShoppersPerShard);
        for (std::size_t i = shard * kShoppersPerShard; i < end; ++i) rows[i] = summary.Of(i);
      });
  return rows;
}

}  // namespace vitrine
