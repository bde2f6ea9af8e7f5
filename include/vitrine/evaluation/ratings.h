#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/evaluation/comparison.h"
#include "vitrine/evaluation/split.h"
#include "vitrine/evaluation/summary.h"

namespace vitrine {

// Which ratings are held back together.
struct FoldOptions {
  std::size_t num_folds = 5;  // >= 2
  std::uint64_t seed = 1;
};

// A rating that a fold held back: the latest one of its shopper and item.
struct HeldRating {
  std::uint32_t user = 0;  // Row of the data set.
  ItemIndex item{};
  float rating = 0;
  std::uint32_t fold = 0;
};

// Every rating of `dataset`, by user and item ascending, with a fold drawn at random; folds differ
// by one rating in size at most. The same folds for the same seed.
std::vector<HeldRating> DrawFolds(const Dataset& dataset, const FoldOptions& options);

// `dataset` without what its users did with the items that `fold` holds back of them. The same
// users in the same rows.
Dataset WithoutFold(const Dataset& dataset, const std::vector<HeldRating>& held,
                    std::uint32_t fold);

// How far the predictions lie from the ratings.
struct RatingErrors {
  std::size_t num_ratings = 0;
  double rmse = 0;
  double mae = 0;
};

// One line of the table.
struct RatingRow {
  std::string name{};
  Settings settings{};
  std::size_t num_users = 0;  // Whose ratings were held back.
  RatingErrors all{};         // Over every rating, each predicted once.
  std::vector<RatingErrors> folds{};
  Interval rmse_interval{};
  Interval mae_interval{};
  std::vector<float> predicted{};  // Of each held rating, cut off at the scale's ends.
  double train_seconds = 0;        // Of all folds.
  double evaluate_seconds = 0;
};

// Trains `name` on each fold's rest and predicts the fold's ratings by what is left of their
// shoppers' histories, as a request would. Predictions are cut off at the lowest and the highest
// rating of the rest. Errors: those of TrainEach; INVALID_ARGUMENT the model says no ratings;
// FAILED_PRECONDITION less ratings than folds; CANCELLED.
absl::StatusOr<RatingRow> MeasureRatings(const Dataset& dataset,
                                         const std::vector<HeldRating>& held,
                                         const std::string& name, const ComparisonOptions& options,
                                         const TrainingContext& context, const StageReport& report);

// By how much the squared and the absolute error of `row` are larger than those of `other`, on
// average over the same held ratings; users are the units that are drawn.
struct RatingDifferences {
  Difference squared{};
  Difference absolute{};
};
RatingDifferences CompareRatings(const std::vector<HeldRating>& held, const RatingRow& row,
                                 const RatingRow& other, const ResamplingOptions& options,
                                 ThreadPool& pool);

}  // namespace vitrine
