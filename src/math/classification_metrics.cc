#include "vitrine/math/classification_metrics.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>

#include "absl/strings/str_format.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

namespace {

constexpr std::size_t kCalibrationBins = 10;

double Share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

absl::Status CheckPredictions(const BinaryPredictions& predictions) {
  const std::size_t num_cases = predictions.probabilities.size();
  if (num_cases == 0 || num_cases != predictions.is_positive.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d probabilities of %d cases; there must be one for each, and a case",
                        num_cases, predictions.is_positive.size()));
  }
  for (std::size_t i = 0; i < num_cases; ++i) {
    const double probability = predictions.probabilities[i];
    if (probability >= 0 && probability <= 1) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("the probability of case %d is %g; it must be in [0, 1]", i, probability));
  }
  return absl::OkStatus();
}

double HarmonicMean(double a, double b) { return a + b > 0 ? 2 * a * b / (a + b) : 0; }

}  // namespace

double ConfusionMatrix::Accuracy() const {
  return Share(true_positives + true_negatives,
               true_positives + true_negatives + false_positives + false_negatives);
}

double ConfusionMatrix::Precision() const {
  return Share(true_positives, true_positives + false_positives);
}

double ConfusionMatrix::Recall() const {
  return Share(true_positives, true_positives + false_negatives);
}

double ConfusionMatrix::F1() const {
  return Share(2 * true_positives, 2 * true_positives + false_positives + false_negatives);
}

ConfusionMatrix CountOutcomes(const BinaryPredictions& predictions, double threshold) {
  assert(predictions.probabilities.size() == predictions.is_positive.size());
  ConfusionMatrix counts;
  for (std::size_t i = 0; i < predictions.probabilities.size(); ++i) {
    const bool is_called = predictions.probabilities[i] >= threshold;
    if (predictions.is_positive[i] != 0) {
      ++(is_called ? counts.true_positives : counts.false_negatives);
    } else {
      ++(is_called ? counts.false_positives : counts.true_negatives);
    }
  }
  return counts;
}

std::vector<ThresholdRates> ThresholdCurve(const BinaryPredictions& predictions) {
  assert(predictions.probabilities.size() == predictions.is_positive.size());
  const std::size_t num_cases = predictions.probabilities.size();
  std::vector<std::size_t> order(num_cases);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return predictions.probabilities[a] > predictions.probabilities[b];
  });
  double num_positives = 0;
  for (const std::uint8_t is_positive : predictions.is_positive) num_positives += is_positive != 0;
  const double num_negatives = static_cast<double>(num_cases) - num_positives;

  std::vector<ThresholdRates> curve = {
      {.threshold = std::numeric_limits<double>::infinity(), .precision = 1}};
  double true_positives = 0;
  for (std::size_t i = 0; i < num_cases; ++i) {
    true_positives += predictions.is_positive[order[i]] != 0;
    const double threshold = predictions.probabilities[order[i]];
    if (i + 1 < num_cases && predictions.probabilities[order[i + 1]] == threshold) continue;
    const double num_called = static_cast<double>(i + 1);
    curve.push_back({.threshold = threshold,
                     .false_positive_rate = (num_called - true_positives) / num_negatives,
                     .recall = true_positives / num_positives,
                     .precision = true_positives / num_called});
  }
  return curve;
}

double AreaUnderRoc(std::span<const ThresholdRates> curve) {
  if (curve.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  double area = 0;
  for (std::size_t i = 1; i < curve.size(); ++i) {
    area += (curve[i].false_positive_rate - curve[i - 1].false_positive_rate) *
            (curve[i].recall + curve[i - 1].recall) / 2;
  }
  return area;
}

double AveragePrecision(std::span<const ThresholdRates> curve) {
  if (curve.size() < 2) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (std::size_t i = 1; i < curve.size(); ++i) {
    sum += (curve[i].recall - curve[i - 1].recall) * curve[i].precision;
  }
  return sum;
}

double BestThreshold(std::span<const ThresholdRates> curve) {
  // Rounding makes less of a difference to an F1; of a million cases two differ by more.
  constexpr double kSame = 1 + 1e-14;
  double best = 1;
  double best_f1 = 0;
  for (std::size_t i = 1; i < curve.size(); ++i) {
    const double f1 = HarmonicMean(curve[i].precision, curve[i].recall);
    if (!(f1 > kSame * best_f1)) continue;
    best_f1 = f1;
    best = curve[i].threshold;
  }
  return best;
}

double LogLoss(const BinaryPredictions& predictions) {
  constexpr double kTiny = std::numeric_limits<double>::epsilon();
  double sum = 0;
  for (std::size_t i = 0; i < predictions.probabilities.size(); ++i) {
    const double probability = predictions.probabilities[i];
    const double given = predictions.is_positive[i] != 0 ? probability : 1 - probability;
    sum -= std::log(std::clamp(given, kTiny, 1 - kTiny));
  }
  return predictions.probabilities.empty()
             ? 0
             : sum / static_cast<double>(predictions.probabilities.size());
}

double CalibrationError(const BinaryPredictions& predictions, std::size_t num_bins) {
  assert(num_bins > 0);
  std::vector<double> edges;  // Between bins.
  for (std::size_t i = 1; i < num_bins; ++i) {
    edges.push_back(static_cast<double>(i) * (1.0 / static_cast<double>(num_bins)));
  }
  // Of each bin the sum of probabilities less the positives: the count cancels out.
  std::vector<double> excess(num_bins, 0);
  for (std::size_t i = 0; i < predictions.probabilities.size(); ++i) {
    const double probability = predictions.probabilities[i];
    const auto bin = std::lower_bound(edges.begin(), edges.end(), probability) - edges.begin();
    excess[static_cast<std::size_t>(bin)] +=
        probability - (predictions.is_positive[i] != 0 ? 1.0 : 0.0);
  }
  double sum = 0;
  for (const double each : excess) sum += std::abs(each);
  return predictions.probabilities.empty()
             ? 0
             : sum / static_cast<double>(predictions.probabilities.size());
}

absl::StatusOr<ClassificationMetrics> MeasureClassification(const BinaryPredictions& predictions,
                                                            double threshold) {
  VITRINE_RETURN_IF_ERROR(CheckPredictions(predictions));
  const std::vector<ThresholdRates> curve = ThresholdCurve(predictions);
  const double best = BestThreshold(curve);
  const ConfusionMatrix confusion = CountOutcomes(predictions, threshold);
  return ClassificationMetrics{
      .num_cases = predictions.probabilities.size(),
      .num_positives = confusion.true_positives + confusion.false_negatives,
      .threshold = threshold,
      .confusion = confusion,
      .auc = AreaUnderRoc(curve),
      .average_precision = AveragePrecision(curve),
      .log_loss = LogLoss(predictions),
      .calibration_error = CalibrationError(predictions, kCalibrationBins),
      .best_threshold = best,
      .best_f1 = CountOutcomes(predictions, best).F1()};
}

}  // namespace vitrine
