#include "insight/small_groups.h"

#include <algorithm>
#include <cassert>
#include <map>
#include <numeric>
#include <string_view>
#include <utility>

namespace vitrine {
namespace {

constexpr std::string_view kOtherBuyers = "other";

bool IsFew(std::size_t count, std::size_t min_group) { return count > 0 && count < min_group; }

// The cluster that is not empty whose centre is the nearest to that of `from`, and another one.
std::uint32_t NearestTo(std::uint32_t from, const Clustering& clustering) {
  std::uint32_t nearest = from;
  double least = 0;
  for (std::uint32_t other = 0; other < clustering.sizes.size(); ++other) {
    if (other == from || clustering.sizes[other] == 0) continue;
    const double distance =
        (clustering.centres.row(other) - clustering.centres.row(from)).squaredNorm();
    if (nearest != from && distance >= least) continue;
    nearest = other;
    least = distance;
  }
  return nearest;
}

// The smallest cluster that is too small; sizes.size() where none is.
std::uint32_t SmallestOfFew(std::size_t min_group, const std::vector<std::size_t>& sizes) {
  auto found = static_cast<std::uint32_t>(sizes.size());
  for (std::uint32_t i = 0; i < sizes.size(); ++i) {
    if (!IsFew(sizes[i], min_group)) continue;
    if (found == sizes.size() || sizes[i] < sizes[found]) found = i;
  }
  return found;
}

// The places of `count` parts, those that `is_less` first.
template <typename IsLess>
std::vector<std::size_t> Ascending(std::size_t count, const IsLess& is_less) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), is_less);
  return order;
}

std::size_t NumTrue(const std::vector<bool>& flags) {
  return static_cast<std::size_t>(std::count(flags.begin(), flags.end(), true));
}

void ForgetValue(Segment& segment) {
  segment.priced_orders = 0;
  segment.value_micros = 0;
  segment.mean_order_micros = 0;
  segment.typical_order_micros = 0;
}

void ForgetBuyers(Segment& segment) {
  segment.num_buyers = 0;
  segment.days_since_order = 0;
  segment.orders = 0;
}

// The sum over the groups is known.
std::size_t WithholdFewValues(std::size_t min_group, std::vector<RfmGroup>& groups) {
  std::vector<std::size_t> priced;
  for (const RfmGroup& group : groups) priced.push_back(group.num_priced);
  const std::vector<bool> is_hidden = TooSmall(priced, min_group);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (is_hidden[i]) groups[i].value_micros = 0;
  }
  return NumTrue(is_hidden);
}

}  // namespace

std::vector<bool> TooSmall(std::span<const std::size_t> parts, std::size_t min_group,
                           std::vector<bool> is_hidden) {
  is_hidden.resize(parts.size(), false);
  std::size_t sum = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) sum += is_hidden[i] ? parts[i] : 0;
  for (const std::size_t part :
       Ascending(parts.size(), [&](std::size_t a, std::size_t b) { return parts[a] < parts[b]; })) {
    if (parts[part] == 0 || is_hidden[part]) continue;
    if (parts[part] >= min_group && (sum == 0 || sum >= min_group)) break;
    is_hidden[part] = true;
    sum += parts[part];
  }
  return is_hidden;
}

void NoteBehind(std::uint64_t shopper, std::size_t min_group, Behind& behind) {
  if (behind.size() < min_group) behind.insert(shopper);
}

std::vector<bool> TooFew(std::span<const CountedPart> parts, std::size_t min_group,
                         std::vector<bool> is_hidden) {
  is_hidden.resize(parts.size(), false);
  Behind together;
  const auto hide = [&](std::size_t part) {
    is_hidden[part] = true;
    together.insert(parts[part].behind->begin(), parts[part].behind->end());
  };
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (is_hidden[i]) hide(i);
  }
  const auto size = [&](std::size_t part) {
    return std::pair(parts[part].behind->size(), parts[part].count);
  };
  for (const std::size_t part :
       Ascending(parts.size(), [&](std::size_t a, std::size_t b) { return size(a) < size(b); })) {
    const std::size_t num_behind = parts[part].behind->size();
    if (num_behind == 0 || is_hidden[part]) continue;
    if (num_behind >= min_group && (together.empty() || together.size() >= min_group)) break;
    hide(part);
  }
  return is_hidden;
}

std::vector<std::uint32_t> JoinSmallClusters(std::size_t min_group, Clustering& clustering) {
  std::vector<std::uint32_t> joined(clustering.sizes.size());
  std::iota(joined.begin(), joined.end(), 0U);
  while (true) {
    const std::uint32_t from = SmallestOfFew(min_group, clustering.sizes);
    if (from == clustering.sizes.size()) break;
    const std::uint32_t to = NearestTo(from, clustering);
    assert(to != from);
    clustering.sizes[to] += clustering.sizes[from];
    clustering.sizes[from] = 0;
    std::replace(joined.begin(), joined.end(), from, to);
  }
  for (std::uint32_t& cluster : clustering.cluster_of) cluster = joined[cluster];
  return joined;
}

std::size_t WithholdWhatFewDid(std::size_t min_group, const ShopperTable& shoppers,
                               const std::vector<std::uint32_t>& segment_of,
                               std::vector<Segment>& segments) {
  std::size_t num_withheld = 0;
  const auto are_few = [&](std::uint32_t ShopperSummary::*count, std::vector<bool> is_hidden) {
    std::vector<std::size_t> doers(segments.size(), 0);
    for (std::size_t i = 0; i < shoppers.rows.size(); ++i) {
      doers[segment_of[i]] += shoppers.rows[i].*count > 0 ? 1 : 0;
    }
    is_hidden = TooSmall(doers, min_group, std::move(is_hidden));
    for (std::size_t i = 0; i < doers.size(); ++i) {
      num_withheld += is_hidden[i] && doers[i] > 0 ? 1 : 0;
    }
    return is_hidden;
  };
  // Of whom no visit is told, nothing is that was done in one.
  const std::vector<bool> few_visited = are_few(&ShopperSummary::sessions, {});
  const std::vector<bool> few_viewed = are_few(&ShopperSummary::views, few_visited);
  const std::vector<bool> few_carted = are_few(&ShopperSummary::carts, few_visited);
  const std::vector<bool> few_ordered = are_few(&ShopperSummary::orders, few_visited);
  const std::vector<bool> few_priced = are_few(&ShopperSummary::priced_orders, few_ordered);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (few_visited[i]) segments[i].sessions = 0;
    if (few_viewed[i]) segments[i].views = 0;
    if (few_carted[i]) segments[i].carts = 0;
    if (few_ordered[i]) ForgetBuyers(segments[i]);
    if (few_priced[i]) ForgetValue(segments[i]);
  }
  return num_withheld;
}

std::size_t WithholdFewMovers(std::size_t min_group, Segmentation& made) {
  const std::size_t count = made.segments.size();
  std::size_t num_hidden = 0;
  for (std::size_t now = 0; now < count; ++now) {
    std::vector<std::size_t> parts;  // Of the segment's size.
    for (std::size_t then = 0; then < count; ++then) parts.push_back(made.moves[then][now]);
    parts.push_back(made.segments[now].movement.is_new);
    const std::vector<bool> is_hidden = TooSmall(parts, min_group);
    for (std::size_t then = 0; then < count; ++then) {
      if (is_hidden[then]) made.moves[then][now] = 0;
    }
    if (is_hidden.back()) made.segments[now].movement.is_new = 0;
    num_hidden += NumTrue(is_hidden);
  }
  for (std::size_t i = 0; i < count; ++i) {
    SegmentMovement& movement = made.segments[i].movement;
    movement = {.stayed = made.moves[i][i], .is_new = movement.is_new};
    for (std::size_t other = 0; other < count; ++other) {
      if (other == i) continue;
      movement.came += made.moves[other][i];
      movement.left += made.moves[i][other];
    }
  }
  return num_hidden;
}

std::size_t WithholdFewBuyers(std::size_t min_group, RfmGrid& grid) {
  std::vector<std::size_t> sizes;
  for (const RfmGroup& group : grid.groups) sizes.push_back(group.size);
  const std::vector<bool> is_other = TooSmall(sizes, min_group);
  RfmGroup other{.name = kOtherBuyers};
  std::size_t num_hidden = 0;
  std::map<std::string_view, bool> is_hidden;
  for (std::size_t i = 0; i < grid.groups.size(); ++i) {
    RfmGroup& group = grid.groups[i];
    is_hidden[group.name] = is_other[i];
    if (!is_other[i]) continue;
    ++num_hidden;
    other.size += group.size;
    other.num_priced += group.num_priced;
    other.value_micros += group.value_micros;
    group = {.name = group.name};
  }
  if (other.size >= min_group) grid.groups.push_back(other);
  num_hidden += WithholdFewValues(min_group, grid.groups);
  std::map<std::string_view, std::vector<std::size_t*>> cells;
  for (std::uint8_t r = 1; r <= kRfmScores; ++r) {
    for (std::uint8_t f = 1; f <= kRfmScores; ++f) {
      for (std::size_t& cell : grid.counts.at(r - 1U).at(f - 1U)) {
        cells[RfmGroupName(r, f)].push_back(&cell);
      }
    }
  }
  for (auto& [name, of_group] : cells) {
    std::vector<std::size_t> parts;
    for (const std::size_t* cell : of_group) parts.push_back(*cell);
    const std::vector<bool> is_few = TooSmall(parts, min_group);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (parts[i] == 0 || (!is_few[i] && !is_hidden[name])) continue;
      *of_group[i] = 0;
      ++num_hidden;
    }
  }
  return num_hidden;
}

std::size_t WithholdFewReturners(std::size_t min_group, CohortTable& table) {
  std::vector<std::size_t> sizes;
  for (const Cohort& cohort : table.cohorts) sizes.push_back(cohort.size);
  const std::vector<bool> is_hidden = TooSmall(sizes, min_group);
  std::size_t num_hidden = 0;
  for (std::size_t i = 0; i < table.cohorts.size(); ++i) {
    Cohort& cohort = table.cohorts[i];
    for (std::uint64_t& active : cohort.active) {
      if (active == 0 || (!is_hidden[i] && !IsFew(active, min_group))) continue;
      active = 0;
      ++num_hidden;
    }
    if (is_hidden[i]) cohort.size = 0;
  }
  return num_hidden;
}

}  // namespace vitrine
