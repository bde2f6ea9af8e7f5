#include "insight/funnel.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "insight/sessions.h"
#include "insight/small_groups.h"

namespace vitrine {
namespace {

// The steps that a visit reached.
struct Reached {
  bool viewed = false;
  bool carted = false;
  bool ordered = false;

  void Add(EventType type) {
    viewed = viewed || type == EventType::kDetailPageView;
    carted = carted || type == EventType::kAddToCart;
    ordered = ordered || type == EventType::kPurchaseComplete;
  }
};

void Count(const Reached& reached, FunnelRow& row) {
  ++row.sessions;
  row.viewed += reached.viewed ? 1 : 0;
  row.carted += reached.carted ? 1 : 0;
  row.ordered += reached.ordered ? 1 : 0;
  row.viewed_and_carted += reached.viewed && reached.carted ? 1 : 0;
  row.carted_and_ordered += reached.carted && reached.ordered ? 1 : 0;
  row.viewed_and_ordered += reached.viewed && reached.ordered ? 1 : 0;
}

// A row, and who was counted in it last: shoppers come one after the other.
struct Counted {
  FunnelRow row{};
  std::size_t last_shopper = static_cast<std::size_t>(-1);

  void Add(const Reached& reached, std::size_t shopper) {
    Count(reached, row);
    if (std::exchange(last_shopper, shopper) != shopper) ++row.shoppers;
  }
};

// Empties the rows of too few shoppers. How many.
std::size_t EmptySmall(std::size_t min_group, std::vector<FunnelRow>& rows) {
  std::vector<std::size_t> shoppers;
  for (const FunnelRow& row : rows) shoppers.push_back(row.shoppers);
  const std::vector<bool> is_hidden = TooSmall(shoppers, min_group);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (is_hidden[i]) rows[i] = {.name = rows[i].name};
  }
  return static_cast<std::size_t>(std::count(is_hidden.begin(), is_hidden.end(), true));
}

class FunnelCounter {
 public:
  FunnelCounter(const Timelines& timelines, const ItemFacts& items, const Calendar& calendar)
      : timelines_(timelines),
        items_(items),
        calendar_(calendar),
        by_category_(items.categories.size()) {}

  void Add(std::span<const Act> session, std::size_t shopper, Counted& segment) {
    Reached whole;
    std::map<std::uint32_t, Reached> in_category;
    for (const Act& act : session) {
      whole.Add(act.type);
      for (const std::uint32_t item : timelines_.ItemsOf(act)) {
        for (const std::uint32_t category : items_.categories_of[item]) {
          in_category[category].Add(act.type);
        }
      }
    }
    total_.Add(whole, shopper);
    segment.Add(whole, shopper);
    by_day_[calendar_.DayOf(session.front().time_us)].Add(whole, shopper);
    for (const auto& [category, reached] : in_category) {
      by_category_[category].Add(reached, shopper);
    }
  }

  Funnel Take(const std::vector<Counted>& by_segment, const InsightOptions& options) {
    Funnel funnel{.total = total_.row};
    for (const Counted& segment : by_segment) funnel.by_segment.push_back(segment.row);
    const std::int32_t last = calendar_.DayOf(timelines_.last_us);
    std::int32_t day = last + 1 - static_cast<std::int32_t>(options.funnel_days);
    if (!by_day_.empty()) day = std::max(day, by_day_.begin()->first);
    for (; day <= last; ++day) {
      FunnelRow row = by_day_[day].row;
      row.name = DayName(day);
      funnel.by_day.push_back(std::move(row));
    }
    for (std::size_t i = 0; i < by_category_.size(); ++i) {
      FunnelRow& row = by_category_[i].row;
      if (row.sessions == 0) continue;
      row.name = items_.categories[i];
      funnel.by_category.push_back(row);
    }
    funnel.num_withheld = EmptySmall(options.min_group, funnel.by_day) +
                          EmptySmall(options.min_group, funnel.by_segment) +
                          EmptySmall(options.min_group, funnel.by_category);
    std::erase_if(funnel.by_category, [](const FunnelRow& row) { return row.sessions == 0; });
    std::stable_sort(funnel.by_category.begin(), funnel.by_category.end(),
                     [](const auto& a, const auto& b) { return a.sessions > b.sessions; });
    if (funnel.by_category.size() > options.max_categories) {
      funnel.by_category.resize(options.max_categories);
    }
    return funnel;
  }

 private:
  const Timelines& timelines_;
  const ItemFacts& items_;
  const Calendar& calendar_;
  Counted total_{.row = {.name = "all"}};
  std::map<std::int32_t, Counted> by_day_;
  std::vector<Counted> by_category_;
};

}  // namespace

Funnel MakeFunnel(const Timelines& timelines, const ItemFacts& items, const SummaryRules& rules,
                  const Segmentation& segmentation, const InsightOptions& options) {
  FunnelCounter counter(timelines, items, rules.calendar);
  std::vector<Counted> by_segment(segmentation.segments.size());
  for (std::size_t i = 0; i < by_segment.size(); ++i) {
    by_segment[i].row.name = segmentation.segments[i].name;
  }
  for (std::size_t shopper = 0; shopper < timelines.num_shoppers(); ++shopper) {
    Counted& segment = by_segment[segmentation.segment_of[shopper]];
    ForEachSession(timelines.ActsOf(shopper), rules.session_gap_us,
                   [&](std::span<const Act> session) { counter.Add(session, shopper, segment); });
  }
  return counter.Take(by_segment, options);
}

}  // namespace vitrine
