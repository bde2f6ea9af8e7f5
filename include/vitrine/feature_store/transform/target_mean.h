#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/feature_store/transform/feature_table.h"

namespace vitrine {

// A category becomes the mean of the target over its training rows, drawn towards the mean m of all
// as if there were `smoothing` more rows of that (Micci-Barreca, "A preprocessing scheme for
// high-cardinality categorical attributes", 2001):
//
//   (sum of the category's targets + smoothing m) / (its rows + smoothing)
//
// A category that was never seen becomes m. Missing is a category as any other. The rows fitted on
// must not see their own target: ApplyToFitRows splits them into folds and encodes each fold with
// what the other folds say, as scikit-learn's TargetEncoder does; Apply, for all other rows, uses
// what all of them say.
struct TargetMeanSettings {
  static constexpr std::string_view kKind = "target_mean";
  ColumnChoice columns{};
  std::string target{};       // A column of numbers, none of them missing.
  double smoothing = 10;      // >= 0
  std::size_t num_folds = 5;  // From 2 to the number of rows.
  bool is_shuffled = true;    // Which rows make a fold: drawn by seed, or neighbours.
  std::uint64_t seed = 1;
};

struct TargetMeanColumn {
  std::string name{};
  std::vector<std::string> categories{};  // Ascending.
  std::vector<double> means{};            // [categories]
  double of_missing = 0;
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.name, self.categories, self.means, self.of_missing);
  }
};

struct FittedTargetMean {
  static constexpr std::string_view kKind = TargetMeanSettings::kKind;
  double mean = 0;  // Of the target over all rows.
  std::vector<TargetMeanColumn> columns{};
  template <typename Self>
  static auto Fields(Self& self) {
    return std::tie(self.mean, self.columns);
  }
};

// Errors of the two: INVALID_ARGUMENT a setting out of range, fewer rows than folds, a target that
// is missing in some row or is a column to encode; those of ChooseColumns and GetNumbers.
absl::StatusOr<FittedTargetMean> Fit(const FeatureTable& table, const TargetMeanSettings& settings);
absl::StatusOr<FeatureTable> ApplyToFitRows(const FittedTargetMean& fitted,
                                            const TargetMeanSettings& settings, FeatureTable table);

// Errors: those of FeatureTable::Get. The target need not be there.
absl::StatusOr<FeatureTable> Apply(const FittedTargetMean& fitted, FeatureTable table);

std::vector<std::string> Describe(const FittedTargetMean& fitted);
bool IsSound(const FittedTargetMean& fitted);

}  // namespace vitrine
