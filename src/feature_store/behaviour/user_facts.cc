#include "feature_store/behaviour/user_facts.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace vitrine {
namespace {

constexpr std::uint64_t kPathMask = (std::uint64_t{1} << (4 * kMaxPathSteps)) - 1;

// How often each path leads to an order.
class PathCounts {
 public:
  void Add(std::uint64_t path) {
    for (auto& [known, count] : counts_) {
      if (known == path) {
        ++count;
        return;
      }
    }
    counts_.emplace_back(path, 1);
  }

  // The most frequent, of equals the smaller number.
  void Fill(SessionFacts& facts) const {
    for (const auto& [path, count] : counts_) {
      facts.num_paths += count;
      const bool is_better =
          count > facts.num_typical || (count == facts.num_typical && path < facts.typical_path);
      if (!is_better) continue;
      facts.num_typical = count;
      facts.typical_path = path;
    }
  }

 private:
  std::vector<std::pair<std::uint64_t, std::uint32_t>> counts_;
};

void AddSession(std::span<const ShopperActivity::Step> session, PathCounts& paths,
                SessionFacts& facts) {
  bool has_cart = false;
  Micros order_us = -1;
  std::uint64_t path = 0;
  auto last = EventType{};
  for (const ShopperActivity::Step& step : session) {
    const auto type = static_cast<EventType>(step.type);
    has_cart = has_cart || type == EventType::kAddToCart;
    if (type == EventType::kPurchaseComplete && order_us < 0) order_us = step.time_us;
    const bool is_repeat = type == last;
    last = type;
    if (is_repeat) continue;
    path = (path << 4 | step.type) & kPathMask;
    if (type != EventType::kPurchaseComplete) continue;
    paths.Add(path);
    path = 0;
  }
  ++facts.num_sessions;
  facts.num_events += static_cast<std::uint32_t>(session.size());
  facts.total_us += session.back().time_us - session.front().time_us;
  if (has_cart) ++facts.with_cart;
  if (has_cart && order_us < 0) ++facts.with_cart_alone;
  if (order_us < 0) return;
  ++facts.with_order;
  facts.total_to_order_us += order_us - session.front().time_us;
}

// Sums by number, in the order in which numbers first come: which numbers they are, another at
// every start, does not matter to the bits. The table is of a size that never has to grow.
class NumberedWeights {
 public:
  explicit NumberedWeights(std::size_t most) : slots_(std::bit_ceil(2 * most + 1), kFree) {
    sums_.reserve(most);
  }

  void Add(std::uint32_t number, double weight) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = number * std::size_t{0x9E3779B1} & mask;
    while (slots_[at] != kFree && sums_[slots_[at]].number != number) at = (at + 1) & mask;
    if (slots_[at] == kFree) {
      slots_[at] = static_cast<std::uint32_t>(sums_.size());
      sums_.push_back({.number = number});
    }
    sums_[slots_[at]].weight += weight;
  }

  template <typename NameOf>
  WeightedNames Shares(const NameOf& name_of) const {
    double total = 0;
    for (const Sum& sum : sums_) total += std::max(0.0, sum.weight);
    std::vector<double> all;
    all.reserve(sums_.size());
    for (const Sum& sum : sums_) all.push_back(std::max(0.0, sum.weight) / total);
    const double least = LeastOfTop(all);
    WeightedNames shares;
    for (std::size_t i = 0; i < sums_.size(); ++i) {
      if (all[i] > 0 && all[i] >= least) shares.emplace_back(name_of(sums_[i].number), all[i]);
    }
    KeepTop(shares);
    return shares;
  }

 private:
  static constexpr std::uint32_t kFree = 0xFFFFFFFF;
  struct Sum {
    std::uint32_t number = 0;
    double weight = 0;
  };
  std::vector<std::uint32_t> slots_;  // Into sums_.
  std::vector<Sum> sums_;
};

}  // namespace

SessionFacts FindSessions(std::span<const ShopperActivity::Step> steps) {
  SessionFacts facts;
  PathCounts paths;
  for (std::size_t begin = 0; begin < steps.size();) {
    std::size_t end = begin + 1;
    while (end < steps.size() && steps[end].time_us - steps[end - 1].time_us <= kSessionGapUs) {
      ++end;
    }
    AddSession(steps.subspan(begin, end - begin), paths, facts);
    begin = end;
  }
  paths.Fill(facts);
  return facts;
}

OrderFacts SumOrders(std::span<const ShopperActivity::Order> orders, Micros now) {
  OrderFacts facts;
  for (const ShopperActivity::Order& order : orders) {
    const bool is_first = facts.num_orders++ == 0;
    const auto is_within = [&](int days) {
      return order.time_us > now - days * kMicrosPerDay && order.time_us <= now;
    };
    facts.num_30d += is_within(30) ? 1 : 0;
    facts.num_90d += is_within(90) ? 1 : 0;
    facts.num_365d += is_within(365) ? 1 : 0;
    if (is_first || order.time_us < facts.first_us) facts.first_us = order.time_us;
    if (is_first || order.time_us >= facts.last_us) {  // Of one moment: the larger key.
      facts.last_us = order.time_us;
      facts.last_value = order.value();
    }
    if (order.value() < 0) continue;
    ++facts.num_with_value;
    facts.total += static_cast<double>(order.value());
    if (is_within(365)) facts.total_365d += static_cast<double>(order.value());
    facts.largest = std::max(facts.largest, order.value());
  }
  return facts;
}

AffinityFacts WeighAffinities(std::span<const HistoryEntry> history, const EventWeights& weights,
                              const Facets& facets) {
  if (history.empty()) return {};
  std::vector<ItemIndex> items;
  items.reserve(history.size());
  for (const HistoryEntry& entry : history) items.push_back(entry.item);
  const std::vector<Facets::Facet> facet_of = facets.Of(items);
  NumberedWeights categories(history.size());
  NumberedWeights brands(history.size());
  NumberedWeights bands(history.size());
  const Micros newest = history.back().time_us;  // Shares do not depend on what is the origin.
  for (std::size_t i = 0; i < history.size(); ++i) {
    const HistoryEntry& entry = history[i];
    const double age_days = static_cast<double>(newest - entry.time_us) / kMicrosPerDay;
    const double weight = weights.Of(static_cast<EventType>(entry.type), entry.value) *
                          std::exp2(-age_days / kInterestHalfLifeDays);
    const Facets::Facet& facet = facet_of[i];
    if (facet.category != Facets::kNone) categories.Add(facet.category, weight);
    if (facet.brand != Facets::kNone) brands.Add(facet.brand, weight);
    if (facet.price >= 0) bands.Add(PriceBandOf(facet.price), weight);
  }
  const auto name_of = [&facets](std::uint32_t number) { return facets.Name(number); };
  return {.categories = categories.Shares(name_of),
          .brands = brands.Shares(name_of),
          .price_bands = bands.Shares(PriceBandName)};
}

WeightedNames CountWords(std::span<const ShopperActivity::Word> words) {
  WeightedNames names;
  for (const ShopperActivity::Word& word : words) {
    const auto known = std::find_if(names.begin(), names.end(),
                                    [&word](const auto& one) { return one.first == word.text; });
    if (known == names.end()) {
      names.emplace_back(word.text, 1);
    } else {
      ++known->second;
    }
  }
  KeepTop(names);
  return names;
}

double LeastOfTop(std::vector<double> weights) {
  if (weights.size() <= kTopNames) return -std::numeric_limits<double>::infinity();
  std::nth_element(weights.begin(), weights.begin() + kTopNames - 1, weights.end(),
                   std::greater<>());
  return weights[kTopNames - 1];
}

void KeepTop(WeightedNames& names) {
  const auto is_before = [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  };
  const std::size_t kept = std::min(kTopNames, names.size());
  std::partial_sort(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(kept), names.end(),
                    is_before);
  names.resize(kept);
}

}  // namespace vitrine
