#include "vitrine/models/blend_weight.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace vitrine {
namespace {

// Shoppers beyond these are taken as these: nothing was learned of them.
constexpr double kMostSignals = 1000;
constexpr double kMostDays = 365;

constexpr double kUsualSignals = 10;

// No feature moves a weight further than that from where it stands.
constexpr double kMostGrowth = 4;

std::size_t NumDistinct(std::span<const Interaction> history) {
  std::vector<ItemIndex> items;
  items.reserve(history.size());
  for (const Interaction& each : history) items.push_back(each.item);
  std::sort(items.begin(), items.end());
  return static_cast<std::size_t>(std::unique(items.begin(), items.end()) - items.begin());
}

}  // namespace

std::size_t NumSignals(const Query& query) {
  const auto is_positive = [](const Interaction& interaction) { return interaction.weight > 0; };
  return static_cast<std::size_t>(
             std::count_if(query.history.begin(), query.history.end(), is_positive)) +
         query.context_items.size() + query.cart_items.size();
}

QueryFeatures FeaturesOf(const Query& query) {
  const double signals = std::min(static_cast<double>(NumSignals(query)), kMostSignals);
  QueryFeatures features{std::log((1 + signals) / (1 + kUsualSignals))};
  if (query.history.empty()) return features;
  const auto days = static_cast<double>(query.now_us - query.history.front().time_us) /
                    static_cast<double>(kMicrosPerDay);
  features[1] = std::log(1 + std::clamp(days, 0.0, kMostDays));
  features[2] = std::log(static_cast<double>(query.history.size()) /
                         static_cast<double>(NumDistinct(query.history)));
  return features;
}

double BlendWeight::At(const QueryFeatures& features) const {
  double exponent = 0;
  for (std::size_t f = 0; f < kNumQueryFeatures; ++f) exponent += growth[f] * features[f];
  return weight * std::exp(std::clamp(exponent, -kMostGrowth, kMostGrowth));
}

const BlendWeights& UsualBlendWeights() {
  static const auto* const usual = new BlendWeights{{"most_popular", {.weight = 0.05}},
                                                    {"content", {.weight = 0.15}},
                                                    {"item_knn", {.weight = 0.5}},
                                                    {"ials", {.weight = 1.0}}};
  return *usual;
}

}  // namespace vitrine
