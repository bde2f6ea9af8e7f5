#pragma once

#include <vector>

#include "vitrine/base/ids.h"
#include "vitrine/feature_store/dataset.h"

namespace vitrine {

// Of an item that nobody touched: ln(1 / 5).
inline constexpr float kUntouchedTrend = -1.6094379F;

// How the demand for items goes, and how much that counts in the blend: what the models say of an
// item is multiplied with exp(power * ln_by_item[item]), the same for every query.
struct Trend {
  double power = 0;  // 0: it does not count, and nothing else needs to be there.
  double half_life_days = 7;
  // ln((1 + recent) / (5 + all)): shoppers who touched the item, each by the age of the last time
  // and each alike. 0 at most: an item that all its shoppers found just now.
  std::vector<float> ln_by_item{};

  // For any item; one that nothing is known of yet is like one that nobody touched.
  double FactorOf(ItemIndex item) const;
};

// `dataset` as of its now_us.
Trend MeasureTrend(const Dataset& dataset, double power, double half_life_days);

}  // namespace vitrine
