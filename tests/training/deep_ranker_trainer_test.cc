#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <numeric>
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
constexpr Eigen::Index kTrend = 5;  // "trend of a week"

double Sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// Lessons, and the probabilities that they were drawn with.
struct MadeLessons {
  RankerLessons lessons{.scorers = {"ials"}};
  std::vector<double> truth{};
};

// Shoppers who want candidates with log-odds -2 + ln(blended / best) + strength 1.5 s t, for ials'
// score s and the item's trend t: the blend knows a part, and the rest is in a product of features
// that are worth nothing one by one.
MadeLessons Make(std::size_t num_shoppers, double strength, std::uint64_t seed) {
  Random random(seed);
  MadeLessons made;
  RankerLessons& lessons = made.lessons;
  const std::size_t num_features = RankerFeatureNames(lessons.scorers).size();
  lessons.features = Matrix::Zero(static_cast<Eigen::Index>(num_shoppers * kCandidates),
                                  static_cast<Eigen::Index>(num_features));
  Eigen::Index row = 0;
  for (std::size_t shopper = 0; shopper < num_shoppers; ++shopper) {
    for (std::size_t i = 0; i < kCandidates; ++i, ++row) {
      const double log_blend = -2.0 * static_cast<double>(i) / kCandidates;
      const double score = random.Normal();
      const double trend = random.Normal();
      lessons.features(row, kLogBlendFeature) = static_cast<float>(log_blend);
      lessons.features(row, kScore) = static_cast<float>(score);
      lessons.features(row, kTrend) = static_cast<float>(trend);
      made.truth.push_back(Sigmoid(-2 + log_blend + strength * 1.5 * score * trend));
      lessons.is_wanted.push_back(random.Uniform() < made.truth.back() ? 1 : 0);
    }
    lessons.begin.push_back(lessons.is_wanted.size());
  }
  return made;
}

RankerLessons Lessons(std::size_t num_shoppers, double strength, std::uint64_t seed) {
  return Make(num_shoppers, strength, seed).lessons;
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

double MeanOf(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
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

TEST(IsChoiceTest, TakesSomethingThatIsWantedAndSomethingThatIsNot) {
  EXPECT_TRUE(IsChoice(std::vector<std::uint8_t>{0, 1, 0}));
  EXPECT_FALSE(IsChoice(std::vector<std::uint8_t>{0, 0}));
  EXPECT_FALSE(IsChoice(std::vector<std::uint8_t>{1, 1}));
  EXPECT_FALSE(IsChoice({}));
}

TEST_F(DeepRankerTrainerTest, LearnsWhatTheBlendMissesAndItsProbabilitiesComeTrue) {
  const RankerLessons lessons = Lessons(500, 1, 1);
  const MadeLessons made = Make(250, 1, 2);
  const RankerLessons& others = made.lessons;
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
  EXPECT_GT(AucOf(probabilities, others), AucOf(of_blend, others) + 0.08);
  EXPECT_GT(AucOf(probabilities, others), AucOf(of_ials, others) + 0.08);
  EXPECT_GT(AucOf(probabilities, others), AucOf(made.truth, others) - 0.03);
  EXPECT_LT(CalibrationError({probabilities, others.is_wanted}, 10), 0.02);
  EXPECT_NEAR(MeanOf(probabilities), MeanOf(made.truth), 0.1 * MeanOf(made.truth));
}

TEST_F(DeepRankerTrainerTest, WhereThereIsNothingToGainTheOrderStaysAndIsCalibrated) {
  const RankerLessons lessons = Lessons(400, 0, 3);
  const RankerLessons others = Lessons(400, 0, 4);
  const auto model = Train(&lessons);

  ASSERT_THAT(model, IsOk());
  const DeepRankerTable& table = RankerIn(*model).table();
  EXPECT_TRUE(table.networks.empty());
  EXPECT_NEAR(table.slope * table.blend_slope, 1, 0.2);
  EXPECT_NEAR(table.shift, -2, 0.2);
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
  const RankerLessons lessons = Lessons(200, 2, 5);
  const Settings settings = {{"epochs", "8"}};
  ThreadPool one(1);
  const auto on_one = TrainRanker(Dataset(), settings, &lessons, {.pool = &one});
  const auto on_two = Train(&lessons, settings);

  ASSERT_THAT(on_one, IsOk());
  ASSERT_THAT(on_two, IsOk());
  ASSERT_FALSE(RankerIn(*on_one).table().networks.empty());
  EXPECT_EQ(Foresee(RankerIn(*on_one).table(), lessons),
            Foresee(RankerIn(*on_two).table(), lessons));
}

TEST_F(DeepRankerTrainerTest, RenewedItKnowsTheItemsOfTodayAndWhatItLearned) {
  const RankerLessons lessons = Lessons(200, 2, 5);
  const auto model = Train(&lessons, {{"epochs", "8"}});
  ASSERT_THAT(model, IsOk());
  Dataset today;
  today.item_ids = {"mug", "lamp"};

  const auto renewed = RenewRanker(today, *model, {.pool = &pool_});

  ASSERT_THAT(renewed, IsOk());
  EXPECT_EQ(renewed->settings, model->settings);
  EXPECT_EQ(renewed->kind, model->kind);
  EXPECT_EQ(RankerIn(*model).table().item_facts.rows(), 0);
  EXPECT_EQ(RankerIn(*renewed).table().item_facts.rows(), 2);
  EXPECT_EQ(RankerIn(*renewed).learned(), RankerIn(*model).learned());
  EXPECT_EQ(Foresee(RankerIn(*renewed).table(), lessons),
            Foresee(RankerIn(*model).table(), lessons));
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

// Each list four times over, as the same shopper's.
RankerLessons FourTimes(const RankerLessons& lessons) {
  RankerLessons four{.scorers = lessons.scorers};
  four.features.resize(4 * lessons.features.rows(), lessons.features.cols());
  Eigen::Index row = 0;
  for (std::size_t list = 0; list < lessons.num_lists(); ++list) {
    const auto begin = static_cast<std::ptrdiff_t>(lessons.begin[list]);
    const auto end = static_cast<std::ptrdiff_t>(lessons.begin[list + 1]);
    for (int time = 0; time < 4; ++time) {
      four.features.middleRows(row, end - begin) = lessons.features.middleRows(begin, end - begin);
      row += end - begin;
      four.is_wanted.insert(four.is_wanted.end(), lessons.is_wanted.begin() + begin,
                            lessons.is_wanted.begin() + end);
      four.begin.push_back(four.is_wanted.size());
      four.shoppers.push_back(static_cast<std::uint32_t>(list));
    }
  }
  return four;
}

// By list instead of by shopper the error would be half of what it is.
TEST_F(DeepRankerTrainerTest, SeveralListsOfAShopperSayNoMoreThanTheShopper) {
  const RankerLessons once = Lessons(200, 2, 5);
  const RankerLessons four = FourTimes(once);
  ASSERT_EQ(four.num_lists(), 800u);
  ASSERT_EQ(four.num_shoppers(), 200u);

  const auto of_once = Train(&once, {{"epochs", "8"}});
  const auto of_four = Train(&four, {{"epochs", "2"}});

  ASSERT_THAT(of_once, IsOk());
  ASSERT_THAT(of_four, IsOk());
  const RankerGain& one = RankerIn(*of_once).table().gain;
  const RankerGain& all = RankerIn(*of_four).table().gain;
  EXPECT_NEAR(all.ndcg_of_blend, one.ndcg_of_blend, 1e-12);
  EXPECT_GT(all.standard_error, 0.75 * one.standard_error);
}

TEST_F(DeepRankerTrainerTest, FewShoppersWithManyListsTeachNothing) {
  const RankerLessons four = FourTimes(Lessons(50, 2, 5));

  const auto model = Train(&four);

  ASSERT_THAT(model, IsOk());
  EXPECT_TRUE(RankerIn(*model).table().networks.empty());
}

TEST_F(DeepRankerTrainerTest, RemembersThatItLearnedFromImpressions) {
  RankerLessons lessons = Lessons(150, 0, 7);
  const auto sampled = Train(&lessons, {{"epochs", "1"}});
  lessons.source = LessonSource::kImpressions;
  const auto shown = Train(&lessons, {{"epochs", "1"}});

  ASSERT_THAT(sampled, IsOk());
  ASSERT_THAT(shown, IsOk());
  EXPECT_EQ(RankerIn(*sampled).table().gain.num_impression_lists, 0u);
  EXPECT_EQ(RankerIn(*shown).table().gain.num_impression_lists, 150u);
}

TEST_F(DeepRankerTrainerTest, LessonsAreOfOneOfThreeKinds) {
  EXPECT_THAT(Train(nullptr, {{"lessons", "guessed"}}).status(),
              testing::StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Train(nullptr, {{"lessons", "impressions"}}), IsOk());
}

TEST_F(DeepRankerTrainerTest, LessonsOfAnotherSourceThanTheSettingNamesAreRefused) {
  RankerLessons lessons = Lessons(10, 0, 7);
  const auto train = [&](LessonSource source, const std::string& setting) {
    lessons.source = source;
    return Train(&lessons, {{"lessons", setting}}).status();
  };

  EXPECT_THAT(train(LessonSource::kSampled, "sampled"), IsOk());
  EXPECT_THAT(train(LessonSource::kImpressions, "impressions"), IsOk());
  EXPECT_THAT(train(LessonSource::kSampled, "auto"), IsOk());
  EXPECT_THAT(train(LessonSource::kImpressions, "auto"), IsOk());
  EXPECT_THAT(train(LessonSource::kImpressions, "sampled"),
              testing::StatusIs(absl::StatusCode::kFailedPrecondition));
  const absl::Status sampled = train(LessonSource::kSampled, "impressions");
  EXPECT_THAT(sampled, testing::StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(std::string(sampled.message()),
              ::testing::AllOf(::testing::HasSubstr("'impressions' wants"),
                               ::testing::HasSubstr("these are 'sampled'")));
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
