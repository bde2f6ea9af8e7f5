#include "vitrine/training/purchase_training.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "testing/status_matchers.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::vitrine::testing::IsOk;
using ::vitrine::testing::StatusIs;

// Sessions that buy the likelier the more their pages are worth, and twice so in May.
FeatureTable MadeUpSessions(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  Numbers worth;
  Numbers noise;
  Texts month;
  Texts bought;
  for (std::size_t i = 0; i < count; ++i) {
    worth.push_back(random.Below(3) == 0 ? 20 * random.Uniform() : 0);
    noise.push_back(random.Normal());
    month.emplace_back(random.Below(2) == 0 ? "May" : "June");
    const double log_odds = -2 + 0.25 * worth.back() + (*month.back() == "May" ? 1 : 0);
    bought.emplace_back(random.Uniform() < 1 / (1 + std::exp(-log_odds)) ? "TRUE" : "FALSE");
  }
  return *FeatureTable::Create(
      {{"worth", worth}, {"noise", noise}, {"month", month}, {"bought", bought}});
}

class PurchaseTrainingTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::shared_ptr<const PurchasePredictor>> Train(const FeatureTable& table,
                                                                 const Settings& settings = {}) {
    Settings quick = {{"members", "2"},
                      {"epochs", "20"},
                      {"hidden", "8"},
                      {"dropout", "0"},
                      {"learning_rate", "0.01"}};
    for (const auto& [name, value] : settings) quick[name] = value;
    return TrainPurchasePredictor(table, "bought", quick, {.pool = &pool_});
  }

  ThreadPool pool_{2};
};

TEST_F(PurchaseTrainingTest, LearnsWhatMakesSessionsBuy) {
  const auto predictor = Train(MadeUpSessions(3'000, 1));
  ASSERT_THAT(predictor, IsOk());
  const auto probability = [&](double worth, const char* month) {
    return (*predictor)
        ->Predict(*FeatureTable::Create(
            {{"worth", Numbers{worth}}, {"noise", Numbers{0}}, {"month", Texts{month}}}))
        ->front();
  };
  EXPECT_NEAR(probability(0, "June"), 1 / (1 + std::exp(2.0)), 0.06);
  EXPECT_NEAR(probability(0, "May"), 1 / (1 + std::exp(1.0)), 0.06);
  EXPECT_NEAR(probability(15, "June"), 1 / (1 + std::exp(-1.75)), 0.1);
}

TEST_F(PurchaseTrainingTest, ExplanationsSumToTheLogOdds) {
  const auto predictor = Train(MadeUpSessions(1'000, 1));
  ASSERT_THAT(predictor, IsOk());
  const FeatureTable rows = MadeUpSessions(50, 2);
  const auto probabilities = (*predictor)->Predict(rows);
  const auto explained = (*predictor)->Explain(rows);
  ASSERT_THAT(probabilities, IsOk());
  ASSERT_THAT(explained, IsOk());
  ASSERT_THAT(*explained, SizeIs(50));
  double of_worth = 0;
  double of_noise = 0;
  for (std::size_t i = 0; i < 50; ++i) {
    const ExplainedPurchase& row = (*explained)[i];
    ASSERT_THAT(row.effects, SizeIs(3)) << "the label is no cause";
    double sum = row.base;
    for (const auto& effect : row.effects) {
      sum += effect.value;
      if (effect.column == "worth") of_worth += std::abs(effect.value);
      if (effect.column == "noise") of_noise += std::abs(effect.value);
    }
    const double odds = (*probabilities)[i] / (1 - (*probabilities)[i]);
    EXPECT_NEAR(sum, std::log(odds), 1e-4 * std::max(1.0, std::abs(std::log(odds))));
    EXPECT_NEAR(row.probability, (*probabilities)[i], 1e-4);
    EXPECT_GE(std::abs(row.effects[0].value), std::abs(row.effects[2].value));
  }
  EXPECT_GT(of_worth, 2 * of_noise);
}

TEST_F(PurchaseTrainingTest, SavedAndLoadedItPredictsTheSameBits) {
  const auto predictor = Train(MadeUpSessions(300, 1));
  ASSERT_THAT(predictor, IsOk());
  ByteWriter writer;
  Save(**predictor, writer);
  ByteReader reader(writer.bytes());
  const auto loaded = LoadPurchasePredictor(reader);
  ASSERT_THAT(loaded, IsOk());
  const FeatureTable rows = MadeUpSessions(20, 3);
  EXPECT_EQ(*(*loaded)->Predict(rows), *(*predictor)->Predict(rows));

  for (std::size_t size = 0; size < writer.bytes().size(); size += 97) {
    ByteReader torn(std::string_view(writer.bytes()).substr(0, size));
    EXPECT_THAT(LoadPurchasePredictor(torn), StatusIs(absl::StatusCode::kDataLoss)) << size;
  }
}

TEST_F(PurchaseTrainingTest, TheSeedDecidesAndTheThreadsDoNot) {
  const FeatureTable table = MadeUpSessions(400, 1);
  const FeatureTable rows = MadeUpSessions(20, 3);
  ThreadPool one(1);
  const Settings settings = {{"members", "3"}, {"epochs", "3"}, {"hidden", "8"}};
  const auto first = TrainPurchasePredictor(table, "bought", settings, {.pool = &one});
  const auto second = TrainPurchasePredictor(table, "bought", settings, {.pool = &pool_});
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(*(*first)->Predict(rows), *(*second)->Predict(rows));
  const auto other = Train(table, {{"seed", "100"}});
  EXPECT_NE(*(*first)->Predict(rows), *(*other)->Predict(rows));
}

TEST_F(PurchaseTrainingTest, MissingNumbersAreTheMedianAndMarked) {
  FeatureTable table = MadeUpSessions(600, 1);
  Numbers worth = **table.GetNumbers("worth");
  for (std::size_t i = 0; i < worth.size(); i += 3) worth[i] = std::nan("");
  ASSERT_THAT(table.ReplaceNumbers("worth", worth), IsOk());
  const auto predictor = Train(table);
  ASSERT_THAT(predictor, IsOk());
  EXPECT_THAT((*predictor)->Predict(table), IsOk());
}

TEST_F(PurchaseTrainingTest, AColumnWithoutAnyValueChangesNothing) {
  FeatureTable table = MadeUpSessions(300, 1);
  const auto without = Train(table);
  ASSERT_THAT(table.Add({"empty", Numbers(300, std::nan(""))}), IsOk());
  const auto with = Train(table);
  ASSERT_THAT(with, IsOk());
  EXPECT_EQ(*(*with)->Predict(table), *(*without)->Predict(MadeUpSessions(300, 1)));
}

TEST_F(PurchaseTrainingTest, AnUnseenCategoryIsNoCategory) {
  const auto predictor = Train(MadeUpSessions(600, 1));
  ASSERT_THAT(predictor, IsOk());
  const auto row = FeatureTable::Create(
      {{"worth", Numbers{1}}, {"noise", Numbers{0}}, {"month", Texts{"Brumaire"}}});
  EXPECT_THAT((*predictor)->Predict(*row), IsOk());
}

TEST_F(PurchaseTrainingTest, SaysWhatIsWrongWithATable) {
  FeatureTable table = MadeUpSessions(100, 1);
  const auto expect_error = [this](const FeatureTable& rows, const char* label,
                                   const Settings& settings, const char* part) {
    const absl::Status status =
        TrainPurchasePredictor(rows, label, settings, {.pool = &pool_}).status();
    EXPECT_THAT(std::string(status.message()), HasSubstr(part));
  };
  expect_error(table, "sold", {}, "bought");
  expect_error(table, "month", {}, "yes and no");
  expect_error(table, "bought", {{"depth", "3"}}, "depth");
  const auto all_same = FeatureTable::Create({{"x", Numbers{1, 2}}, {"bought", Texts{"no", "no"}}});
  expect_error(*all_same, "bought", {}, "nothing to learn");
  const auto alone =
      FeatureTable::Create({{"bought", Texts{"no", "yes"}}, {"empty", Numbers(2, std::nan(""))}});
  expect_error(*alone, "bought", {}, "no column with a value beside");
}

TEST_F(PurchaseTrainingTest, StopsWhenItIsCancelled) {
  const std::atomic<bool> is_cancelled = true;
  EXPECT_THAT(TrainPurchasePredictor(MadeUpSessions(100, 1), "bought", {},
                                     {.pool = &pool_, .is_cancelled = &is_cancelled}),
              StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace vitrine
