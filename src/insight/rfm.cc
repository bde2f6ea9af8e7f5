#include "vitrine/insight/rfm.h"

#include <algorithm>
#include <numeric>

#include "insight/words.h"

namespace vitrine {
namespace {

// The best first.
constexpr std::array<std::string_view, 10> kGroups = {
    "champions",      "loyal",   "potential loyalists", "new",        "promising", "about to leave",
    "need attention", "at risk", "cannot lose",         "hibernating"};

constexpr std::size_t kChampions = 0;
constexpr std::size_t kLoyal = 1;
constexpr std::size_t kPotential = 2;
constexpr std::size_t kNew = 3;
constexpr std::size_t kPromising = 4;
constexpr std::size_t kAboutToLeave = 5;
constexpr std::size_t kNeedAttention = 6;
constexpr std::size_t kAtRisk = 7;
constexpr std::size_t kCannotLose = 8;
constexpr std::size_t kHibernating = 9;

std::size_t GroupOf(std::uint8_t recency, std::uint8_t frequency) {
  if (recency <= 2) {
    if (frequency <= 2) return kHibernating;
    return frequency <= 4 ? kAtRisk : kCannotLose;
  }
  if (recency == 3) {
    if (frequency <= 2) return kAboutToLeave;
    return frequency == 3 ? kNeedAttention : kLoyal;
  }
  if (frequency == 1) return recency == 4 ? kPromising : kNew;
  if (frequency <= 3) return kPotential;
  return recency == 4 ? kLoyal : kChampions;
}

// ceil(5 r / n) of each value, with r its rank from the least; equal values share the first's.
std::vector<std::uint8_t> ScoresOf(const std::vector<std::int64_t>& values) {
  const std::size_t n = values.size();
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<std::uint8_t> scores(n);
  for (std::size_t begin = 0; begin < n;) {
    std::size_t end = begin;
    while (end < n && values[order[end]] == values[order[begin]]) ++end;
    const std::size_t score = (kRfmScores * (begin + 1) + n - 1) / n;
    for (; begin < end; ++begin) scores[order[begin]] = static_cast<std::uint8_t>(score);
  }
  return scores;
}

}  // namespace

std::string_view RfmGroupName(std::uint8_t recency, std::uint8_t frequency) {
  return kGroups[GroupOf(recency, frequency)];
}

RfmGrid MakeRfmGrid(const ShopperTable& shoppers) {
  std::vector<std::size_t> buyers;
  std::vector<std::int64_t> last;
  std::vector<std::int64_t> orders;
  std::vector<std::int64_t> value;
  for (std::size_t i = 0; i < shoppers.rows.size(); ++i) {
    const ShopperSummary& row = shoppers.rows[i];
    if (row.orders == 0) continue;
    buyers.push_back(i);
    last.push_back(row.last_order_us);
    orders.push_back(row.orders);
    value.push_back(row.value_micros);
  }
  RfmGrid grid{.scores = std::vector<RfmScore>(shoppers.rows.size()), .num_buyers = buyers.size()};
  for (const std::string_view name : kGroups) grid.groups.push_back({.name = name});
  const std::vector<std::uint8_t> recency = ScoresOf(last);
  const std::vector<std::uint8_t> frequency = ScoresOf(orders);
  const std::vector<std::uint8_t> monetary = ScoresOf(value);
  for (std::size_t i = 0; i < buyers.size(); ++i) {
    grid.scores[buyers[i]] = {recency[i], frequency[i], monetary[i]};
    ++grid.counts[recency[i] - 1U][frequency[i] - 1U][monetary[i] - 1U];
    RfmGroup& group = grid.groups[GroupOf(recency[i], frequency[i])];
    ++group.size;
    group.num_priced += shoppers.rows[buyers[i]].priced_orders > 0 ? 1 : 0;
    group.value_micros = AddMoney(group.value_micros, value[i]);
  }
  return grid;
}

}  // namespace vitrine
