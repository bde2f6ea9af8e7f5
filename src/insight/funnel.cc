#include "insight/funnel.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

#include "insight/sessions.h"

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

class FunnelCounter {
 public:
  FunnelCounter(const Timelines& timelines, const ItemFacts& items, const Calendar& calendar)
      : timelines_(timelines),
        items_(items),
        calendar_(calendar),
        by_category_(items.categories.size()) {}

  void Add(std::span<const Act> session, FunnelRow& segment) {
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
    Count(whole, total_);
    Count(whole, segment);
    Count(whole, by_day_[calendar_.DayOf(session.front().time_us)]);
    for (const auto& [category, reached] : in_category) Count(reached, by_category_[category]);
  }

  Funnel Take(std::vector<FunnelRow> by_segment, const InsightOptions& options) {
    Funnel funnel{.total = total_, .by_segment = std::move(by_segment)};
    const std::int32_t last = calendar_.DayOf(timelines_.last_us);
    std::int32_t day = last + 1 - static_cast<std::int32_t>(options.funnel_days);
    if (!by_day_.empty()) day = std::max(day, by_day_.begin()->first);
    for (; day <= last; ++day) {
      FunnelRow row = by_day_[day];
      row.name = DayName(day);
      funnel.by_day.push_back(std::move(row));
    }
    for (std::size_t i = 0; i < by_category_.size(); ++i) {
      if (by_category_[i].sessions == 0) continue;
      by_category_[i].name = items_.categories[i];
      funnel.by_category.push_back(by_category_[i]);
    }
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
  FunnelRow total_{.name = "all"};
  std::map<std::int32_t, FunnelRow> by_day_;
  std::vector<FunnelRow> by_category_;
};

}  // namespace

Funnel MakeFunnel(const Timelines& timelines, const ItemFacts& items, const SummaryRules& rules,
                  const Segmentation& segmentation, const InsightOptions& options) {
  FunnelCounter counter(timelines, items, rules.calendar);
  std::vector<FunnelRow> by_segment(segmentation.segments.size());
  for (std::size_t i = 0; i < by_segment.size(); ++i) {
    by_segment[i].name = segmentation.segments[i].name;
  }
  for (std::size_t shopper = 0; shopper < timelines.num_shoppers(); ++shopper) {
    FunnelRow& segment = by_segment[segmentation.segment_of[shopper]];
    ForEachSession(timelines.ActsOf(shopper), rules.session_gap_us,
                   [&](std::span<const Act> session) { counter.Add(session, segment); });
  }
  return counter.Take(std::move(by_segment), options);
}

}  // namespace vitrine
