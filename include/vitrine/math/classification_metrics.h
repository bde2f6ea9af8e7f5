#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace vitrine {

// How good predicted probabilities of a yes are, against what came true. Definitions are
// scikit-learn's; docs/evaluation.md has them as formulas.

// Views. A case is called positive from a threshold on: probability >= threshold. All functions
// below but MeasureClassification, which checks it, want probabilities that are numbers in [0, 1]
// and as many outcomes.
struct BinaryPredictions {
  std::span<const double> probabilities{};      // [cases] In [0, 1].
  std::span<const std::uint8_t> is_positive{};  // [cases] What came true: 0 or 1.
};

struct ConfusionMatrix {
  std::uint64_t true_positives = 0;
  std::uint64_t false_positives = 0;
  std::uint64_t false_negatives = 0;
  std::uint64_t true_negatives = 0;

  // All in [0, 1], and 0 where nothing is to be divided by.
  double Accuracy() const;   // Right among all.
  double Precision() const;  // Right among those called positive.
  double Recall() const;     // Called positive among the positive.
  double F1() const;         // The harmonic mean of the last two.
};

ConfusionMatrix CountOutcomes(const BinaryPredictions& predictions, double threshold);

// Rates when cases are called positive from `threshold` on.
struct ThresholdRates {
  double threshold = 0;
  double false_positive_rate = 0;
  double recall = 0;  // The true positive rate.
  double precision = 0;
};

// For each distinct probability, from the largest on: both the ROC curve (recall by false positive
// rate) and the precision-recall curve. The first point is before any case, at a threshold of
// infinity, with rates of 0 and a precision of 1. Rates without any case to divide by are NaN.
std::vector<ThresholdRates> ThresholdCurve(const BinaryPredictions& predictions);

// By the curve of ThresholdCurve. `auc`: the area under the ROC curve, by trapezoids; the odds that
// a positive case has a larger probability than a negative one; NaN where all cases are of one
// kind. `average_precision`: the sum of precision times what recall gains; NaN where none is
// positive, 1 where all are.
double AreaUnderRoc(std::span<const ThresholdRates> curve);
double AveragePrecision(std::span<const ThresholdRates> curve);

// The threshold whose F1 is the largest; of equals the largest. 1 where no case is positive.
double BestThreshold(std::span<const ThresholdRates> curve);

// Mean of -log of the probability given to what came true, which is held 2^-52 away from 0 and 1.
double LogLoss(const BinaryPredictions& predictions);

// Expected calibration error (Naeini, Cooper, Hauskrecht, AAAI 2015): over `num_bins` bins of equal
// width, edges in the lower one, the mean over cases of |mean probability - share of positives|.
double CalibrationError(const BinaryPredictions& predictions, std::size_t num_bins);

struct ClassificationMetrics {
  std::size_t num_cases = 0;
  std::size_t num_positives = 0;
  double threshold = 0;
  ConfusionMatrix confusion{};  // At the threshold, and all that follows from it.
  double auc = 0;
  double average_precision = 0;
  double log_loss = 0;
  double calibration_error = 0;  // Of ten bins.
  double best_threshold = 0;     // Of the largest F1.
  double best_f1 = 0;
};

// All of the above. Errors: INVALID_ARGUMENT for no case, for another number of outcomes than of
// probabilities, and for a probability outside [0, 1].
absl::StatusOr<ClassificationMetrics> MeasureClassification(const BinaryPredictions& predictions,
                                                            double threshold);

}  // namespace vitrine
