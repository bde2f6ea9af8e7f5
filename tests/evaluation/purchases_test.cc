#include "vitrine/evaluation/purchases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/status_matchers.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::SizeIs;
using ::vitrine::testing::IsOk;
using ::vitrine::testing::StatusIs;

// Rows that are bought when `sum` of two columns is above 0, but for one in ten.
FeatureTable MadeUpRows(std::size_t count) {
  Random random(5);
  Numbers a;
  Numbers b;
  Numbers label;
  for (std::size_t i = 0; i < count; ++i) {
    a.push_back(random.Normal());
    b.push_back(random.Normal());
    const bool is_above = a.back() + b.back() > 0;
    label.push_back(is_above != (random.Below(10) == 0) ? 1 : 0);
  }
  return *FeatureTable::Create({{"a", a}, {"b", b}, {"bought", label}});
}

const Settings kQuick = {{"members", "1"},
                         {"epochs", "20"},
                         {"hidden", "8"},
                         {"dropout", "0"},
                         {"learning_rate", "0.01"}};

TEST(PurchasesTest, EveryRowIsPredictedByWhatDidNotSeeIt) {
  ThreadPool pool(2);
  const FeatureTable table = MadeUpRows(1'000);
  const auto measures =
      MeasurePurchases(table, "bought", kQuick, {.num_folds = 4, .seed = 2}, {.pool = &pool}, {});
  ASSERT_THAT(measures, IsOk());
  ASSERT_THAT(measures->folds, SizeIs(4));
  ASSERT_THAT(measures->probabilities, SizeIs(1'000));
  EXPECT_EQ(measures->pooled.num_cases, 1'000u);
  // Nine of ten rows follow the rule: nothing honest does better, and it is easily learned.
  EXPECT_NEAR(measures->pooled.confusion.Accuracy(), 0.9, 0.03);
  std::size_t num_rows = 0;
  for (const PurchaseFold& fold : measures->folds) {
    num_rows += fold.metrics.num_cases;
    EXPECT_GT(fold.metrics.auc, 0.85);
    EXPECT_GT(fold.at_chosen.F1(), 0.85);
  }
  EXPECT_EQ(num_rows, 1'000u);

  // The last fold by hand.
  std::vector<std::size_t> others;
  std::vector<std::size_t> held;
  for (std::size_t row = 0; row < 1'000; ++row) {
    (measures->fold_of[row] == 3 ? held : others).push_back(row);
  }
  const auto predictor =
      TrainPurchasePredictor(table.Rows(others), "bought", kQuick, {.pool = &pool});
  ASSERT_THAT(predictor, IsOk());
  const auto predicted = (*predictor)->Predict(table.Rows(held));
  ASSERT_THAT(predicted, IsOk());
  for (std::size_t i = 0; i < held.size(); ++i) {
    EXPECT_EQ((*predicted)[i], measures->probabilities[held[i]]);
  }
}

TEST(PurchasesTest, WantsARowOfEachLabelInEveryFold) {
  ThreadPool pool(1);
  const auto table =
      FeatureTable::Create({{"a", Numbers{1, 2, 3, 4}}, {"bought", Numbers{1, 0, 0, 0}}});
  EXPECT_THAT(MeasurePurchases(*table, "bought", kQuick, {.num_folds = 2}, {.pool = &pool}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace vitrine
