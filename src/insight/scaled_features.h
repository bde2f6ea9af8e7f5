#pragma once

#include <string>
#include <vector>

#include "vitrine/base/clock.h"
#include "vitrine/insight/shopper.h"
#include "vitrine/math/k_means.h"

namespace vitrine {

// The features that shoppers are compared by: days since seen, orders, value, views, carts and
// active days, each log1p(x), less its mean, over its standard deviation. One that is the same for
// all is left out.
class ScaledFeatures {
 public:
  // Means and deviations are those of `rows`. REQUIRES: rows is not empty
  ScaledFeatures(const std::vector<ShopperSummary>& rows, Micros as_of_us);

  // [rows x features] As of another moment too.
  PointMatrix Of(const std::vector<ShopperSummary>& rows, Micros as_of_us) const;

  const std::vector<std::string>& names() const { return names_; }

 private:
  std::vector<std::size_t> columns_;  // Into all features, those that differ.
  std::vector<std::string> names_;
  std::vector<double> means_;
  std::vector<double> deviations_;
};

}  // namespace vitrine
