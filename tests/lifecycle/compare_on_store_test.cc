#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "lifecycle/small_shop.h"
#include "testing/status_matchers.h"
#include "vitrine/evaluation/comparison.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::SmallShop;
using testing::StatusIs;

class CompareOnStoreTest : public ::testing::Test {
 protected:
  CompareOnStoreTest() { options_.settings["ials"] = {{"dimensions", "8"}, {"epochs", "2"}}; }

  absl::StatusOr<StoreComparison> Compare(double test_fraction) {
    return CompareOnStore(shop_.store(), test_fraction, options_, {.pool = &pool_}, {});
  }

  SmallShop shop_;
  ThreadPool pool_{2};
  ComparisonOptions options_;
};

TEST_F(CompareOnStoreTest, GivesARowForEveryModelAndTheBlend) {
  shop_.UpsertAllItems();
  shop_.RecordMore(500);

  const auto comparison = Compare(0.2);

  ASSERT_THAT(comparison, IsOk());
  EXPECT_EQ(comparison->num_train_interactions, 400u);
  EXPECT_EQ(comparison->num_test_interactions, 100u);
  std::vector<std::string> names;
  for (const ComparisonRow& row : comparison->rows) names.push_back(row.name);
  EXPECT_THAT(names, ElementsAre("most_popular", "content", "item_knn", "ials", "blend"));
  for (const ComparisonRow& row : comparison->rows) {
    EXPECT_EQ(row.evaluation.num_users, comparison->rows[0].evaluation.num_users);
    EXPECT_GT(row.evaluation.at.at(20).ndcg, 0) << row.name;
  }
  EXPECT_EQ(comparison->rows[4].settings.at("item_knn"), "0.5");
}

TEST_F(CompareOnStoreTest, ModelsThatWereChosenHaveRowsOfTheirOwn) {
  shop_.UpsertAllItems();
  shop_.RecordMore(2000, 200);
  options_.models = {std::string(kAutoName)};
  options_.settings.clear();

  const auto comparison = Compare(0.2);

  ASSERT_THAT(comparison, IsOk());
  ASSERT_GT(comparison->rows.size(), 1u);
  for (const ComparisonRow& row : comparison->rows) EXPECT_NE(row.name, kAutoName);
  EXPECT_EQ(comparison->rows.back().name, kBlendName);
}

TEST_F(CompareOnStoreTest, OneScorerMeasuredAloneHasTheSameRow) {
  shop_.UpsertAllItems();
  shop_.RecordMore(500);
  const Dataset dataset = shop_.store().Snapshot(0).value();
  const Split split = SplitByTime(dataset, TemporalCut(dataset, 0.2), false);
  const auto rows = CompareModels(split, options_, {.pool = &pool_}, {});
  ASSERT_THAT(rows, IsOk());

  for (const ComparisonRow& row : *rows) {
    const auto alone = MeasureScorer(split, row.name, options_, {.pool = &pool_}, {});

    ASSERT_THAT(alone, IsOk()) << row.name;
    EXPECT_EQ(alone->settings, row.settings);
    EXPECT_EQ(alone->evaluation.at.at(20).ndcg, row.evaluation.at.at(20).ndcg) << row.name;
  }
}

TEST_F(CompareOnStoreTest, TellsWhenNothingIsLeftToTestOn) {
  shop_.UpsertAllItems();
  shop_.RecordMore(1);

  EXPECT_THAT(Compare(0.1), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(CompareOnStoreTest, AnUnknownModelIsAnsweredWithThoseThereAre) {
  shop_.UpsertAllItems();
  shop_.RecordMore(100);
  options_.models = {"most_popular", "oracle"};
  options_.settings.clear();

  const auto comparison = Compare(0.2);

  EXPECT_THAT(comparison, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(comparison.status().message()), HasSubstr("item_knn"));
}

}  // namespace
}  // namespace vitrine
