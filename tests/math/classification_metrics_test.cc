#include "vitrine/math/classification_metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "math/golden_predictions.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using testing::GoldenPredictions;
using testing::IsOk;
using testing::StatusIs;

// Sums of 200 doubles of size 1, written with 15 digits.
constexpr double kTolerance = 1e-12;

class ClassificationGoldenTest : public ::testing::Test {
 protected:
  const GoldenPredictions golden_ = testing::ReadGoldenPredictions();
  const BinaryPredictions predictions_{golden_.probabilities, golden_.is_positive};

  double Number(const char* word) const { return golden_.lines.at(word).front().front(); }
};

TEST_F(ClassificationGoldenTest, CountsAtThresholdsAreThoseOfScikitLearn) {
  for (const std::vector<double>& line : golden_.lines.at("at")) {
    const ConfusionMatrix counts = CountOutcomes(predictions_, line[0]);

    EXPECT_EQ(static_cast<double>(counts.true_positives), line[1]);
    EXPECT_EQ(static_cast<double>(counts.false_positives), line[2]);
    EXPECT_EQ(static_cast<double>(counts.false_negatives), line[3]);
    EXPECT_EQ(static_cast<double>(counts.true_negatives), line[4]);
    EXPECT_NEAR(counts.Accuracy(), line[5], kTolerance);
    EXPECT_NEAR(counts.Precision(), line[6], kTolerance);
    EXPECT_NEAR(counts.Recall(), line[7], kTolerance);
    EXPECT_NEAR(counts.F1(), line[8], kTolerance);
  }
}

TEST_F(ClassificationGoldenTest, CurvesAreThoseOfScikitLearn) {
  const std::vector<ThresholdRates> curve = ThresholdCurve(predictions_);

  const auto& roc = golden_.lines.at("roc");
  const auto& precision_recall = golden_.lines.at("precision_recall");
  ASSERT_EQ(curve.size(), roc.size());
  ASSERT_EQ(curve.size(), precision_recall.size() + 1);
  EXPECT_EQ(curve[0].precision, 1);
  for (std::size_t i = 0; i < curve.size(); ++i) {
    EXPECT_EQ(curve[i].threshold, roc[i][0]);
    EXPECT_NEAR(curve[i].false_positive_rate, roc[i][1], kTolerance);
    EXPECT_NEAR(curve[i].recall, roc[i][2], kTolerance);
    if (i == 0) continue;
    EXPECT_EQ(curve[i].threshold, precision_recall[i - 1][0]);
    EXPECT_NEAR(curve[i].precision, precision_recall[i - 1][1], kTolerance);
    EXPECT_NEAR(curve[i].recall, precision_recall[i - 1][2], kTolerance);
  }
}

TEST_F(ClassificationGoldenTest, AllMetricsAreThoseOfScikitLearn) {
  const auto metrics = MeasureClassification(predictions_, 0.5);

  ASSERT_THAT(metrics, IsOk());
  EXPECT_EQ(metrics->num_cases, 200U);
  EXPECT_EQ(metrics->num_positives, 54U);
  EXPECT_EQ(metrics->confusion.true_positives, 36U);
  EXPECT_NEAR(metrics->auc, Number("auc"), kTolerance);
  EXPECT_NEAR(metrics->average_precision, Number("average_precision"), kTolerance);
  EXPECT_NEAR(metrics->log_loss, Number("log_loss"), kTolerance);
  EXPECT_NEAR(metrics->calibration_error, Number("calibration_error"), kTolerance);
  EXPECT_EQ(metrics->best_threshold, Number("best"));
  EXPECT_NEAR(metrics->best_f1, golden_.lines.at("best").front().back(), kTolerance);
}

TEST(ClassificationMetricsTest, CanBeCheckedByHand) {
  const std::vector<double> probabilities = {0.9, 0.8, 0.7, 0.1};
  const std::vector<std::uint8_t> is_positive = {1, 0, 1, 0};
  const BinaryPredictions predictions{probabilities, is_positive};
  const std::vector<ThresholdRates> curve = ThresholdCurve(predictions);

  EXPECT_DOUBLE_EQ(AreaUnderRoc(curve), 3.0 / 4) << "of four pairs, 0.7 and 0.8 are wrong";
  EXPECT_DOUBLE_EQ(AveragePrecision(curve), 0.5 * 1 + 0.5 * 2 / 3);
  EXPECT_DOUBLE_EQ(BestThreshold(curve), 0.7) << "F1 of 0.8, against 2/3 at 0.9";
  EXPECT_NEAR(LogLoss(predictions),
              -(std::log(0.9) + std::log(0.2) + std::log(0.7) + std::log(0.9)) / 4, 1e-12);
  EXPECT_NEAR(CalibrationError(predictions, 2), (0.4 + 0.1) / 4, 1e-12);
}

TEST(ClassificationMetricsTest, OfThresholdsWithTheSameF1TheLargestIsTheBest) {
  // An F1 of a third from 0.9 on, of 1/4 and 1/2, and from 0.5 on, of 1/5 and 1: as it is rounded,
  // the second is larger.
  const std::vector<double> probabilities = {0.9, 0.9, 0.9, 0.9, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5};
  const std::vector<std::uint8_t> is_positive = {1, 0, 0, 0, 1, 0, 0, 0, 0, 0};

  EXPECT_EQ(BestThreshold(ThresholdCurve({probabilities, is_positive})), 0.9);
}

TEST(ClassificationMetricsTest, WhereAllArePositiveTheyAreFoundFromTheSmallestOn) {
  const std::vector<double> probabilities = {0, 1, 0.4};
  const std::vector<std::uint8_t> all = {1, 1, 1};
  const std::vector<ThresholdRates> curve = ThresholdCurve({probabilities, all});

  EXPECT_TRUE(std::isnan(AreaUnderRoc(curve)));
  EXPECT_DOUBLE_EQ(AveragePrecision(curve), 1);
  EXPECT_EQ(BestThreshold(curve), 0);
}

TEST(ClassificationMetricsTest, CasesOfOneKindHaveNoAreaAndNoThresholdNoPrecision) {
  const std::vector<double> probabilities = {0.9, 0.2};
  const std::vector<std::uint8_t> none = {0, 0};
  const BinaryPredictions predictions{probabilities, none};
  const std::vector<ThresholdRates> curve = ThresholdCurve(predictions);

  EXPECT_TRUE(std::isnan(AreaUnderRoc(curve)));
  EXPECT_TRUE(std::isnan(AveragePrecision(curve)));
  EXPECT_EQ(BestThreshold(curve), 1);
  EXPECT_EQ(CountOutcomes(predictions, 0.95).Precision(), 0);
  EXPECT_EQ(CountOutcomes(predictions, 0.95).Accuracy(), 1);
}

TEST(ClassificationMetricsTest, WhatIsNoProbabilityIsRefused) {
  const std::vector<std::uint8_t> is_positive = {1, 0};
  const std::vector<std::vector<double>> bad = {
      {}, {0.5}, {0.5, 1.1}, {-0.1, 0.5}, {0.5, std::numeric_limits<double>::quiet_NaN()}};

  for (const std::vector<double>& probabilities : bad) {
    EXPECT_THAT(MeasureClassification({probabilities, is_positive}, 0.5),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

}  // namespace
}  // namespace vitrine
