#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "vitrine/feature_store/transform/feature_table.h"

namespace vitrine {

// The values that are there, ascending.
Numbers SortedPresent(const Numbers& numbers);

// The value below which a share `q` of `sorted` lies, between two values by a straight line: at
// (n - 1) q (Hyndman, Fan, 1996, type 7; numpy's default). REQUIRES: not empty, 0 <= q <= 1
double Quantile(const Numbers& sorted, double q);

double Mean(const Numbers& present);

// The root of the mean squared distance from `mean`, over n. REQUIRES: not empty
double Deviation(const Numbers& present, double mean);

// The present values of a column of numbers, ascending. Errors: as GetNumbers; INVALID_ARGUMENT
// there is none, and `wanted` says what for: "a mean".
absl::StatusOr<Numbers> LearnFrom(const FeatureTable& table, std::string_view column,
                                  std::string_view wanted);

// INVALID_ARGUMENT unless `value`, the column's `what`, is finite: numbers near the largest there
// are have sums that are none.
absl::Status CheckFinite(double value, std::string_view column, std::string_view what);

}  // namespace vitrine
