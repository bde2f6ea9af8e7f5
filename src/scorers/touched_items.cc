#include "vitrine/scorers/touched_items.h"

#include <algorithm>
#include <cmath>
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

TouchedItem Merged(std::span<const Touch> touches, const TouchWeights& weights) {
  double sum = 0;
  bool is_context = false;
  for (const Touch& touch : touches) {
    sum += touch.weight;
    is_context |= touch.is_context;
  }
  return {touches.front().item, static_cast<float>(weights.scale * Weighed(sum, weights.weighting)),
          is_context ? Contribution::Source::kContext : Contribution::Source::kHistory};
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
  std::stable_sort(touches.begin(), touches.end(),
                   [](const Touch& a, const Touch& b) { return a.item < b.item; });

  std::vector<TouchedItem> result;
  const std::span<const Touch> all(touches);
  for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
    while (end < all.size() && all[end].item == all[begin].item) ++end;
    if (Row(all[begin].item) >= num_items) break;
    const TouchedItem touched = Merged(all.subspan(begin, end - begin), weights);
    if (touched.weight != 0) result.push_back(touched);
  }
  return result;
}

}  // namespace vitrine
