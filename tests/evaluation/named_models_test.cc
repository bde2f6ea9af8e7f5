// Several models of one kind beside each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "evaluation/made_dataset.h"
#include "testing/status_matchers.h"
#include "vitrine/base/random.h"
#include "vitrine/evaluation/comparison.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::MakeDataset;
using testing::StatusIs;
using testing::Touch;

// Shoppers who take any items, one a day.
class NamedModelsTest : public ::testing::Test {
 protected:
  NamedModelsTest() {
    constexpr std::uint32_t kNumItems = 40;
    Random random(11);
    std::vector<std::vector<Touch>> users(50);
    for (auto& user : users) {
      for (int day = 0; day < 12; ++day) {
        user.push_back({static_cast<std::uint32_t>(random.Below(kNumItems)), day * kMicrosPerDay});
      }
    }
    split_ = SplitByTime(MakeDataset(kNumItems, users), 9 * kMicrosPerDay, /*allow_repeats=*/false);
    options_.models = {"item_knn", "item_knn@few"};
    options_.settings = {{"item_knn", {{"neighbours", "30"}}},
                         {"item_knn@few", {{"neighbours", "2"}}}};
  }

  absl::StatusOr<ComparisonRow> Measure(const std::string& name) {
    return MeasureScorer(split_, name, options_, {.pool = &pool_}, {});
  }

  Split split_;
  ComparisonOptions options_;
  ThreadPool pool_{2};
};

TEST_F(NamedModelsTest, TwoOfOneKindAreInOneBlendEachWithItsSettingsAndItsWeight) {
  options_.blend.weights = {{"item_knn", 1}, {"item_knn@few", 0.5}};

  const auto row = Measure("blend");

  ASSERT_THAT(row, IsOk());
  ASSERT_EQ(row->trained.size(), 2U);
  for (std::size_t m = 0; m < 2; ++m) {
    const Model& model = row->trained[m].model;
    EXPECT_EQ(model.name, options_.models[m]);
    EXPECT_EQ(model.kind, "item_knn");
    EXPECT_EQ(model.settings.at("neighbours"), options_.settings[model.name].at("neighbours"));
  }
  EXPECT_EQ(row->settings.at("item_knn"), "1");
  EXPECT_EQ(row->settings.at("item_knn@few"), "0.5");
  EXPECT_GT(row->evaluation.num_users, 0U);
}

TEST_F(NamedModelsTest, EachIsMeasuredAloneUnderItsName) {
  const auto few = Measure("item_knn@few");
  const auto plain = Measure("item_knn");

  ASSERT_THAT(few, IsOk());
  ASSERT_THAT(plain, IsOk());
  EXPECT_EQ(few->name, "item_knn@few");
  EXPECT_EQ(few->settings.at("neighbours"), "2");
  EXPECT_EQ(plain->settings.at("neighbours"), "30");
  EXPECT_NE(few->evaluation.at.at(20).ndcg, plain->evaluation.at.at(20).ndcg);
}

TEST_F(NamedModelsTest, WhatIsWrongWithTheSettingsOfOneNamesIt) {
  options_.settings["item_knn@few"]["neighbours"] = "no";

  const absl::Status status = Measure("blend").status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("model 'item_knn@few'"), HasSubstr("neighbours")));
}

}  // namespace
}  // namespace vitrine
