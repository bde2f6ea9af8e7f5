#include "insight/funnel.h"

#include <algorithm>
#include <array>
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

// One figure of a row, and the two that it is a part of, by their place in kFigures.
struct Figure {
  std::uint64_t FunnelRow::*count = nullptr;
  std::size_t whole = 0;
  std::size_t other_whole = 0;
};

constexpr std::size_t kVisits = 0;
constexpr std::size_t kViewed = 1;
constexpr std::size_t kCarted = 2;
constexpr std::size_t kOrdered = 3;
constexpr std::array<Figure, 7> kFigures = {{{&FunnelRow::sessions, kVisits, kVisits},
                                             {&FunnelRow::viewed, kVisits, kVisits},
                                             {&FunnelRow::carted, kVisits, kVisits},
                                             {&FunnelRow::ordered, kVisits, kVisits},
                                             {&FunnelRow::viewed_and_carted, kViewed, kCarted},
                                             {&FunnelRow::carted_and_ordered, kCarted, kOrdered},
                                             {&FunnelRow::viewed_and_ordered, kViewed, kOrdered}}};

// Which of kFigures a visit counts in.
std::array<bool, kFigures.size()> FiguresOf(const Reached& reached) {
  return {true,
          reached.viewed,
          reached.carted,
          reached.ordered,
          reached.viewed && reached.carted,
          reached.carted && reached.ordered,
          reached.viewed && reached.ordered};
}

// A row, and who is behind its figures.
struct Counted {
  FunnelRow row{};
  std::array<Behind, kFigures.size()> behind{};

  void Add(const Reached& reached, std::size_t shopper, std::size_t min_group) {
    const auto counts = FiguresOf(reached);
    for (std::size_t i = 0; i < kFigures.size(); ++i) {
      if (!counts.at(i)) continue;
      ++(row.*kFigures.at(i).count);
      NoteBehind(shopper, min_group, behind.at(i));
    }
  }
};

// What is not said of rows: by place in kFigures and by row; nothing: all is said so far.
using Hidden = std::array<std::vector<bool>, kFigures.size()>;

// What segments do not say of themselves, their rows must not: of two that are as large either may
// be what is left out beside a small one, and it has to be the same here.
Hidden NotSaidOf(const std::vector<Segment>& segments) {
  Hidden is_hidden;
  for (const Segment& segment : segments) {
    is_hidden[kVisits].push_back(!(segment.sessions > 0));
    is_hidden[kViewed].push_back(!(segment.views > 0));
    is_hidden[kCarted].push_back(!(segment.carts > 0));
    is_hidden[kOrdered].push_back(segment.num_buyers == 0);
  }
  return is_hidden;
}

// Which rows must not say the figure at `place`, nor, by `is_hidden`, what it is a part of.
std::vector<bool> TooFewAt(std::size_t place, std::size_t min_group,
                           const std::vector<Counted>& rows, const Hidden& is_hidden) {
  const Figure& figure = kFigures.at(place);
  const std::vector<bool>& in_whole = is_hidden.at(figure.whole);
  const std::vector<bool>& in_other = is_hidden.at(figure.other_whole);
  std::vector<bool> is_withheld = is_hidden.at(place);
  std::vector<CountedPart> parts;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    is_withheld[i] = is_withheld[i] || in_whole[i] || in_other[i];
    parts.push_back({.count = rows[i].row.*figure.count, .behind = &rows[i].behind.at(place)});
  }
  return TooFew(parts, min_group, std::move(is_withheld));
}

// Empties the figures of too few shoppers; whole rows, where few shoppers visited. How many.
std::size_t EmptySmall(std::size_t min_group, Hidden is_hidden, std::vector<Counted>& rows) {
  if (min_group <= 1) return 0;
  for (std::vector<bool>& by_row : is_hidden) by_row.resize(rows.size(), false);
  std::size_t num_empty = 0;
  for (std::size_t place = 0; place < kFigures.size(); ++place) {
    is_hidden.at(place) = TooFewAt(place, min_group, rows, is_hidden);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!is_hidden.at(place)[i]) continue;
      num_empty += std::exchange(rows[i].row.*kFigures.at(place).count, 0) > 0 ? 1 : 0;
    }
  }
  return num_empty;
}

std::vector<FunnelRow> RowsOf(const std::vector<Counted>& counted) {
  std::vector<FunnelRow> rows;
  for (const Counted& each : counted) rows.push_back(each.row);
  return rows;
}

class FunnelCounter {
 public:
  FunnelCounter(const Timelines& timelines, const ItemFacts& items, const Calendar& calendar,
                const InsightOptions& options)
      : timelines_(timelines),
        items_(items),
        calendar_(calendar),
        options_(options),
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
    const std::size_t min_group = options_.min_group;
    total_.Add(whole, shopper, min_group);
    segment.Add(whole, shopper, min_group);
    by_day_[calendar_.DayOf(session.front().time_us)].Add(whole, shopper, min_group);
    for (const auto& [category, reached] : in_category) {
      by_category_[category].Add(reached, shopper, min_group);
    }
  }

  // The counter is spent.
  Funnel Take(const std::vector<Segment>& segments, std::vector<Counted> by_segment) {
    std::vector<Counted> by_day = TakeDays();
    for (std::size_t i = 0; i < by_category_.size(); ++i) {
      by_category_[i].row.name = items_.categories[i];
    }
    Funnel funnel{.total = total_.row};
    funnel.num_withheld = EmptySmall(options_.min_group, {}, by_day) +
                          EmptySmall(options_.min_group, NotSaidOf(segments), by_segment) +
                          EmptySmall(options_.min_group, {}, by_category_);
    funnel.by_day = RowsOf(by_day);
    funnel.by_segment = RowsOf(by_segment);
    funnel.by_category = RowsOf(by_category_);
    std::erase_if(funnel.by_category, [](const FunnelRow& row) { return row.sessions == 0; });
    std::stable_sort(funnel.by_category.begin(), funnel.by_category.end(),
                     [](const auto& a, const auto& b) { return a.sessions > b.sessions; });
    if (funnel.by_category.size() > options_.max_categories) {
      funnel.by_category.resize(options_.max_categories);
    }
    return funnel;
  }

 private:
  std::vector<Counted> TakeDays() {
    const std::int32_t last = calendar_.DayOf(timelines_.last_us);
    std::int32_t day = last + 1 - static_cast<std::int32_t>(options_.funnel_days);
    if (!by_day_.empty()) day = std::max(day, by_day_.begin()->first);
    std::vector<Counted> days;
    for (; day <= last; ++day) {
      days.push_back(std::move(by_day_[day]));
      days.back().row.name = DayName(day);
    }
    return days;
  }

  const Timelines& timelines_;
  const ItemFacts& items_;
  const Calendar& calendar_;
  const InsightOptions& options_;
  Counted total_{.row = {.name = "all"}};
  std::map<std::int32_t, Counted> by_day_;
  std::vector<Counted> by_category_;
};

}  // namespace

Funnel MakeFunnel(const Timelines& timelines, const ItemFacts& items, const SummaryRules& rules,
                  const Segmentation& segmentation, const InsightOptions& options) {
  FunnelCounter counter(timelines, items, rules.calendar, options);
  std::vector<Counted> by_segment(segmentation.segments.size());
  for (std::size_t i = 0; i < by_segment.size(); ++i) {
    by_segment[i].row.name = segmentation.segments[i].name;
  }
  Counted none;  // Of a shop without segments.
  for (std::size_t shopper = 0; shopper < timelines.num_shoppers(); ++shopper) {
    Counted& segment = by_segment.empty() ? none : by_segment[segmentation.segment_of[shopper]];
    ForEachSession(timelines.ActsOf(shopper), rules.session_gap_us,
                   [&](std::span<const Act> session) { counter.Add(session, shopper, segment); });
  }
  return counter.Take(segmentation.segments, std::move(by_segment));
}

}  // namespace vitrine
