#include "insight/cohorts.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace vitrine {
namespace {

// The months in which a shopper ordered or did anything, ascending and distinct.
std::vector<std::int32_t> MonthsOf(const Timelines& timelines, std::size_t shopper,
                                   const Calendar& calendar, CohortBasis basis) {
  std::vector<std::int32_t> months;
  const auto add = [&](Micros time_us) {
    const std::int32_t month = calendar.MonthOf(time_us);
    if (months.empty() || months.back() != month) months.push_back(month);
  };
  if (basis == CohortBasis::kFirstOrder) {
    for (const PlacedOrder& order : timelines.OrdersOf(shopper)) add(order.time_us);
  } else {
    for (const Act& act : timelines.ActsOf(shopper)) add(act.time_us);
  }
  return months;
}

}  // namespace

CohortTable MakeCohorts(const Timelines& timelines, const Calendar& calendar, CohortBasis basis) {
  CohortTable table{.basis = basis};
  std::vector<std::vector<std::int32_t>> months;
  std::int32_t first = calendar.MonthOf(timelines.last_us) + 1;
  const std::int32_t end = first;
  for (std::size_t shopper = 0; shopper < timelines.num_shoppers(); ++shopper) {
    months.push_back(MonthsOf(timelines, shopper, calendar, basis));
    if (!months.back().empty()) first = std::min(first, months.back().front());
  }
  for (std::int32_t month = first; month < end; ++month) {
    Cohort cohort{.month = MonthName(month)};
    cohort.active.assign(static_cast<std::size_t>(end - month), 0);
    table.cohorts.push_back(std::move(cohort));
  }
  for (const std::vector<std::int32_t>& own : months) {
    if (own.empty()) continue;
    Cohort& cohort = table.cohorts[static_cast<std::size_t>(own.front() - first)];
    ++cohort.size;
    for (const std::int32_t month : own) {
      ++cohort.active[static_cast<std::size_t>(month - own.front())];
    }
  }
  return table;
}

}  // namespace vitrine
