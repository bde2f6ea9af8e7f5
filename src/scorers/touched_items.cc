#include "vitrine/scorers/touched_items.h"

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <span>

namespace vitrine {

namespace {

struct Touch {
  ItemIndex item{};
  double weight = 0;
  bool is_context = false;
};

// Appends each distinct item of `items` once.
void AppendPage(std::span<const ItemIndex> items, double weight, std::vector<Touch>& touches) {
  const std::size_t begin = touches.size();
  for (const ItemIndex item : items) {
    const bool is_repeat =
        std::any_of(touches.begin() + static_cast<std::ptrdiff_t>(begin), touches.end(),
                    [item](const Touch& touch) { return touch.item == item; });
    if (!is_repeat) touches.push_back({item, weight, true});
  }
}

double Weighed(double sum, Weighting weighting) {
  const double sign = sum > 0 ? 1 : sum < 0 ? -1 : 0;
  switch (weighting) {
    case Weighting::kLogarithmic:
      return sign * std::log2(1 + std::abs(sum));
    case Weighting::kBinary:
      return sign;
    case Weighting::kLinear:
      break;
  }
  return sum;
}

// By item, and of one item as they came: item and position in one number, which sorts fastest.
std::vector<std::uint64_t> Order(std::span<const Touch> touches) {
  std::vector<std::uint64_t> order(touches.size());
  for (std::size_t i = 0; i < touches.size(); ++i) {
    order[i] = std::uint64_t{static_cast<std::uint32_t>(touches[i].item)} << 32U | i;
  }
  std::sort(order.begin(), order.end());
  return order;
}

}  // namespace

bool IsSound(const TouchWeights& weights) {
  return weights.weighting <= Weighting::kBinary && std::isfinite(weights.context_weight) &&
         weights.context_weight >= 0 && std::isfinite(weights.scale) && weights.scale > 0;
}

std::vector<TouchedItem> TouchedItems(const Query& query, const TouchWeights& weights,
                                      std::size_t num_items) {
  std::vector<Touch> touches;
  touches.reserve(query.history.size() + query.context_items.size() + query.cart_items.size());
  AppendPage(query.context_items, weights.context_weight, touches);
  AppendPage(query.cart_items, weights.context_weight, touches);
  for (const Interaction& interaction : query.history) {
    touches.push_back({interaction.item, interaction.weight, false});
  }

  std::vector<TouchedItem> result;
  result.reserve(touches.size());
  const std::vector<std::uint64_t> order = Order(touches);
  for (std::size_t i = 0; i < order.size();) {
    const ItemIndex item{static_cast<std::uint32_t>(order[i] >> 32U)};
    if (Row(item) >= num_items) break;
    double sum = 0;
    bool is_context = false;
    for (; i < order.size() && order[i] >> 32U == Row(item); ++i) {
      const Touch& touch = touches[static_cast<std::uint32_t>(order[i])];
      sum += touch.weight;
      is_context |= touch.is_context;
    }
    const auto weight = static_cast<float>(weights.scale * Weighed(sum, weights.weighting));
    if (weight == 0) continue;
    result.push_back(
        {item, weight,
         is_context ? Contribution::Source::kContext : Contribution::Source::kHistory});
  }
  return result;
}

std::vector<TouchedItem> KnownTouchedItems(const Query& query, const TouchWeights& weights,
                                           const ItemBitmap& known) {
  std::vector<TouchedItem> touched = TouchedItems(query, weights, known.size());
  std::erase_if(touched, [&known](const TouchedItem& item) { return !known.Contains(item.item); });
  return touched;
}

bool IsAnythingLiked(std::span<const TouchedItem> touched) {
  return std::any_of(touched.begin(), touched.end(),
                     [](const TouchedItem& item) { return item.weight > 0; });
}

std::vector<TouchedItem> EvenTouchedItems(const Query& query, const TouchWeights& weights,
                                          const ItemBitmap& known) {
  std::vector<TouchedItem> touched = KnownTouchedItems(query, weights, known);
  if (!IsAnythingLiked(touched)) return {};
  float total = 0;
  for (const TouchedItem& item : touched) total += std::abs(item.weight);
  for (TouchedItem& item : touched) item.weight /= std::sqrt(total);
  return touched;
}

StrongestContributions StrongestOf(std::span<const TouchedItem> touched,
                                   std::span<const float> adds) {
  // Size and position in one number, the strongest first: no branch to be guessed.
  std::array<std::uint64_t, StrongestContributions::kMost> best{};
  for (std::size_t j = 0; j < adds.size(); ++j) {
    const auto size = std::uint64_t{std::bit_cast<std::uint32_t>(std::abs(adds[j]))};
    std::uint64_t next = size << 32U | ~static_cast<std::uint32_t>(j);
    for (std::uint64_t& each : best) {
      const std::uint64_t weaker = std::min(each, next);
      each = std::max(each, next);
      next = weaker;
    }
  }
  std::vector<Contribution> strongest;
  strongest.reserve(best.size());
  for (const std::uint64_t each : best) {
    if (each >> 32U == 0) break;
    const std::size_t j = ~static_cast<std::uint32_t>(each);
    strongest.push_back(
        {.source = touched[j].source, .item = touched[j].item, .feature = {}, .value = adds[j]});
  }
  const auto all =
      Eigen::Map<const Eigen::ArrayXf>(adds.data(), static_cast<Eigen::Index>(adds.size()))
          .cast<double>();
  return {strongest, all.sum(), all.abs().sum()};
}

std::vector<Contribution> PartsOf(double base, std::span<const TouchedItem> touched,
                                  const Eigen::VectorXd& adds) {
  std::vector<Contribution> parts;
  parts.reserve(touched.size() + 1);
  parts.push_back({.source = Contribution::Source::kBase,
                   .item = {},
                   .feature = {},
                   .value = static_cast<float>(base)});
  for (std::size_t j = 0; j < touched.size(); ++j) {
    parts.push_back({.source = touched[j].source,
                     .item = touched[j].item,
                     .feature = {},
                     .value = static_cast<float>(adds[static_cast<Eigen::Index>(j)])});
  }
  return parts;
}

}  // namespace vitrine
