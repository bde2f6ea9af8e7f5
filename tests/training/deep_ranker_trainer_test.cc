#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "testing/status_matchers.h"
#include "vitrine/math/classification_metrics.h"
#include "vitrine/scorers/dnn/deep_ranker.h"
#include "vitrine/training/ranker_lessons.h"

namespace vitrine {
namespace {

using testing::IsOk;

constexpr std::size_t kCandidates = 40;
constexpr Eigen::Index kScore = 2;  // "score of ials"

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// Shoppers who want candidates with log-odds -3 + ln(blended / best) + strength 2 r (s - r), for
// the rank r and ials' score s by its best: the blend knows a part, ials more, but in a way that no
// sum of features says.
RankerLessons Lessons(std::size_t num_shoppers, double strength, std::uint64_t seed) {
  Random random(seed);
  RankerLessons lessons{.scorers = {"ials"}};
  lessons.features =
      Matrix::Zero(static_cast<Eigen::Index>(num_shoppers * kCandidates),
                   static_cast<Eigen::Index>(RankerFeatureNames(lessons.scorers).size()));
  Eigen::Index row = 0;
  for (std::size_t shopper = 0; shopper < num_shoppers; ++shopper) {
    for (std::size_t i = 0; i < kCandidates; ++i, ++row) {
      const double log_blend = -2.0 * static_cast<double>(i) / kCandidates;
      const double rank = 1 / std::log2(2 + static_cast<double>(i));
      const double score = random.Normal();
      lessons.features(row, kLogBlendFeature) = static_cast<float>(log_blend);
      lessons.features(row, kLogBlendFeature + 1) = static_cast<float>(rank);
      lessons.features(row, kScore) = static_cast<float>(score);
      const double log_odds = -3 + log_blend + strength * 2 * rank * (score - rank);
      lessons.is_wanted.push_back(random.Uniform() < Sigmoid(log_odds) ? 1 : 0);
    }
    lessons.begin.push_back(lessons.is_wanted.size());
  }
  return lessons;
}

const DeepRanker& RankerIn(const Model& model) {
  return static_cast<const DeepRanker&>(*model.scorer);
}

// The probabilities of the lessons' candidates, by what was learned from others.
std::vector<double> Foresee(const DeepRankerTable& table, const RankerLessons& lessons) {
  Matrix inputs = lessons.features;
  Standardise(table.means, table.scales, inputs);
  Eigen::VectorXd z = table.blend_slope * lessons.features.col(kLogBlendFeature).cast<double>();
  DeepRankerNetwork::Cache cache;
  for (const DeepRankerNetwork& each : table.networks) {
    z += each.Forward(inputs, cache, {}).col(0).cast<double>() /
         static_cast<double>(table.networks.size());
  }
  std::vector<double> probabilities;
  for (const double each : z) probabilities.push_back(Sigmoid(table.slope * each + table.shift));
  return probabilities;
}

double AucOf(const std::vector<double>& scores, const RankerLessons& lessons) {
  return AreaUnderRoc(ThresholdCurve({scores, lessons.is_wanted}));
}

double LogLossOf(const std::vector<double>& probabilities, const RankerLessons& lessons) {
  double sum = 0;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    sum -= std::log(lessons.is_wanted[i] != 0 ? probabilities[i] : 1 - probabilities[i]);
  }
  return sum / static_cast<double>(probabilities.size());
}

class DeepRankerTrainerTest : public ::testing::Test {
 protected:
  absl::StatusOr<Model> Train(const RankerLessons* lessons, const Settings& settings = {}) {
    return TrainRanker(Dataset(), settings, lessons, {.pool = &pool_});
  }

  ThreadPool pool_{2};
};

TEST_F(DeepRankerTrainerTest, LearnsWhatTheBlendMissesAndItsProbabilitiesComeTrue) {
  const RankerLessons lessons = Lessons(600, 1, 1);
  const RankerLessons others = Lessons(300, 1, 2);
  const auto model = Train(&lessons);

  ASSERT_THAT(model, IsOk());
  const DeepRankerTable& table = RankerIn(*model).table();
  ASSERT_FALSE(table.networks.empty());
  const std::vector<double> probabilities = Foresee(table, others);
  std::vector<double> of_blend;
  std::vector<double> of_ials;
  for (Eigen::Index i = 0; i < others.features.rows(); ++i) {
    of_blend.push_back(Sigmoid(static_cast<double>(others.features(i, kLogBlendFeature))));
    of_ials.push_back(Sigmoid(static_cast<double>(others.features(i, kScore))));
  }
  EXPECT_GT(AucOf(probabilities, others), AucOf(of_blend, others) + 0.05);
  EXPECT_GT(AucOf(probabilities, others), AucOf(of_ials, others) + 0.05);
  EXPECT_LT(CalibrationError({probabilities, others.is_wanted}, 10), 0.015);
}

TEST_F(DeepRankerTrainerTest, WhereThereIsNothingToGainTheOrderStaysAndIsCalibrated) {
  const RankerLessons lessons = Lessons(400, 0, 3);
  const RankerLessons others = Lessons(400, 0, 4);
  const auto model = Train(&lessons);

  ASSERT_THAT(model, IsOk());
  const DeepRankerTable& table = RankerIn(*model).table();
  EXPECT_TRUE(table.networks.empty());
  EXPECT_NEAR(table.slope * table.blend_slope, 1, 0.2);
  EXPECT_NEAR(table.shift, -3, 0.2);
  EXPECT_LT(CalibrationError({Foresee(table, others), others.is_wanted}, 10), 0.01);
}

TEST_F(DeepRankerTrainerTest, SlopesAndShiftAreTheMostLikelyOnes) {
  const RankerLessons lessons = Lessons(400, 0, 3);
  const auto model = Train(&lessons);
  ASSERT_THAT(model, IsOk());
  DeepRankerTable table = RankerIn(*model).table();
  const double best = LogLossOf(Foresee(table, lessons), lessons);

  for (const double step : {-0.1, 0.1}) {
    DeepRankerTable steeper = table;
    steeper.slope += step;
    DeepRankerTable higher = table;
    higher.shift += step;
    EXPECT_GT(LogLossOf(Foresee(steeper, lessons), lessons), best);
    EXPECT_GT(LogLossOf(Foresee(higher, lessons), lessons), best);
  }
}

TEST_F(DeepRankerTrainerTest, TheNumberOfThreadsChangesNoBit) {
  const RankerLessons lessons = Lessons(120, 2, 5);
  const Settings settings = {{"epochs", "3"}};
  ThreadPool one(1);
  const auto on_one = TrainRanker(Dataset(), settings, &lessons, {.pool = &one});
  const auto on_two = Train(&lessons, settings);

  ASSERT_THAT(on_one, IsOk());
  ASSERT_THAT(on_two, IsOk());
  ASSERT_FALSE(RankerIn(*on_one).table().networks.empty());
  EXPECT_EQ(Foresee(RankerIn(*on_one).table(), lessons),
            Foresee(RankerIn(*on_two).table(), lessons));
}

TEST_F(DeepRankerTrainerTest, WithoutLessonsOrWithTooFewItLeavesTheOrderAsItIs) {
  const RankerLessons few = Lessons(50, 2, 6);

  for (const RankerLessons* lessons : {static_cast<const RankerLessons*>(nullptr), &few}) {
    const auto model = Train(lessons);
    ASSERT_THAT(model, IsOk());
    EXPECT_TRUE(RankerIn(*model).table().networks.empty());
    EXPECT_GT(RankerIn(*model).table().blend_slope, 0);
  }
}

TEST_F(DeepRankerTrainerTest, LessonsInWhichNobodyWantsAnythingTeachNothing) {
  RankerLessons lessons = Lessons(150, 0, 7);
  std::fill(lessons.is_wanted.begin(), lessons.is_wanted.end(), 0);

  const auto model = Train(&lessons);

  ASSERT_THAT(model, IsOk());
  EXPECT_TRUE(RankerIn(*model).table().networks.empty());
}

}  // namespace
}  // namespace vitrine
