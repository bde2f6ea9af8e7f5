#include "vitrine/evaluation/ratings.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "testing/status_matchers.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Le;
using testing::StatusIs;

Interaction Rate(std::uint32_t item, float rating, Micros time_us = 0) {
  return {.time_us = time_us, .item = ItemIndex{item}, .value = rating, .type = EventType::kRate};
}

// Whole stars from 1 to 5, by shoppers and items that differ in how high they are rated.
Dataset Shop() {
  Random random(8);
  Dataset dataset;
  for (std::size_t item = 0; item < 20; ++item) {
    dataset.item_ids.push_back("item-" + std::to_string(item));
  }
  dataset.items.resize(dataset.num_items());
  for (std::size_t user = 0; user < 30; ++user) {
    dataset.user_ids.push_back("user-" + std::to_string(user));
    for (std::uint32_t item = 0; item < 20; ++item) {
      if (random.Below(2) == 0) continue;
      const double taste = 3 + 0.5 * static_cast<double>(user % 3) -
                           0.6 * static_cast<double>(item % 4) + random.Normal();
      dataset.interactions.push_back(
          Rate(item, static_cast<float>(std::clamp(std::round(taste), 1.0, 5.0)), 100 + item));
    }
    dataset.user_begin.push_back(dataset.interactions.size());
  }
  return dataset;
}

ComparisonOptions Options(const Settings& settings) {
  return {.settings = {{"rating_mf", settings}}, .resampling = ResamplingOptions()};
}

TEST(DrawFoldsTest, HoldsEveryRatingBackOnceInFoldsOfOneSize) {
  const Dataset shop = Shop();

  const std::vector<HeldRating> held = DrawFolds(shop, {.num_folds = 3, .seed = 1});

  EXPECT_EQ(held.size(), shop.interactions.size());
  std::vector<std::size_t> sizes(3);
  for (const HeldRating& each : held) ++sizes[each.fold];
  EXPECT_THAT(sizes, Each(Ge(held.size() / 3)));
  EXPECT_THAT(sizes, Each(Le(held.size() / 3 + 1)));
  EXPECT_TRUE(std::is_sorted(held.begin(), held.end(), [](const auto& a, const auto& b) {
    return std::pair(a.user, a.item) < std::pair(b.user, b.item);
  }));
}

TEST(DrawFoldsTest, TheSeedDecides) {
  const auto folds = [](std::uint64_t seed) {
    std::vector<std::uint32_t> drawn;
    for (const HeldRating& each : DrawFolds(Shop(), {.seed = seed})) drawn.push_back(each.fold);
    return drawn;
  };

  EXPECT_EQ(folds(1), folds(1));
  EXPECT_NE(folds(1), folds(2));
}

TEST(WithoutFoldTest, LeavesOutAllThatTheShopperDidWithAHeldItem) {
  Dataset dataset;
  dataset.item_ids = {"a", "b"};
  dataset.items.resize(2);
  dataset.user_ids = {"ann", "bob"};
  const Interaction view = {
      .time_us = 1, .item = ItemIndex{0}, .weight = 1, .type = EventType::kDetailPageView};
  dataset.interactions = {view, Rate(0, 2, 2), Rate(1, 3, 3), Rate(0, 4, 4), Rate(0, 5, 5)};
  dataset.user_begin = {0, 4, 5};
  const std::vector<HeldRating> held = {
      {0, ItemIndex{0}, 4, 0}, {0, ItemIndex{1}, 3, 1}, {1, ItemIndex{0}, 5, 1}};

  const Dataset rest = WithoutFold(dataset, held, 0);

  EXPECT_THAT(rest.interactions, ElementsAre(Rate(1, 3, 3), Rate(0, 5, 5)));
  EXPECT_THAT(rest.user_begin, ElementsAre(0, 1, 2));
  EXPECT_THAT(rest.user_ids, ElementsAre("ann", "bob"));
}

TEST(MeasureRatingsTest, ErrorsAreThoseOfThePredictions) {
  const Dataset shop = Shop();
  const std::vector<HeldRating> held = DrawFolds(shop, {.num_folds = 4});
  ThreadPool pool(2);

  const auto row =
      MeasureRatings(shop, held, "rating_mf", Options({{"dimensions", "0"}}), {.pool = &pool}, {});

  ASSERT_THAT(row, IsOk());
  ASSERT_EQ(row->predicted.size(), held.size());
  double squares = 0;
  double sizes = 0;
  double squares_of_second = 0;
  double num_second = 0;
  for (std::size_t i = 0; i < held.size(); ++i) {
    const double error = static_cast<double>(row->predicted[i]) - held[i].rating;
    squares += error * error;
    sizes += std::abs(error);
    if (held[i].fold != 1) continue;
    squares_of_second += error * error;
    ++num_second;
  }
  const auto count = static_cast<double>(held.size());
  EXPECT_NEAR(row->all.rmse, std::sqrt(squares / count), 1e-9);
  EXPECT_NEAR(row->all.mae, sizes / count, 1e-9);
  ASSERT_EQ(row->folds.size(), 4U);
  EXPECT_NEAR(row->folds[1].rmse, std::sqrt(squares_of_second / num_second), 1e-9);
  EXPECT_LT(row->rmse_interval.low, row->all.rmse);
  EXPECT_GT(row->rmse_interval.high, row->all.rmse);
  EXPECT_THAT(row->predicted, Each(Ge(1)));
  EXPECT_THAT(row->predicted, Each(Le(5)));
}

TEST(MeasureRatingsTest, AHeldRatingDoesNotChangeItsOwnPrediction) {
  const std::vector<HeldRating> held = DrawFolds(Shop(), {});
  Dataset other = Shop();
  other.interactions[7].value = other.interactions[7].value == 1 ? 5 : 1;
  ThreadPool pool(2);
  const auto options = Options({{"dimensions", "2"}, {"epochs", "5"}});

  const auto before = MeasureRatings(Shop(), held, "rating_mf", options, {.pool = &pool}, {});
  const auto after = MeasureRatings(other, held, "rating_mf", options, {.pool = &pool}, {});

  ASSERT_THAT(before, IsOk());
  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(before->predicted[7], after->predicted[7]);
  EXPECT_NE(before->predicted, after->predicted);
}

TEST(MeasureRatingsTest, AModelThatOnlyOrdersItemsIsRefused) {
  const std::vector<HeldRating> held = DrawFolds(Shop(), {});
  ThreadPool pool(2);

  const auto row = MeasureRatings(Shop(), held, "most_popular", {}, {.pool = &pool}, {});

  EXPECT_THAT(row, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(row.status().message()), HasSubstr("most_popular"));
}

TEST(MeasureRatingsTest, NoRatingsAreRefused) {
  ThreadPool pool(2);

  EXPECT_THAT(MeasureRatings(Dataset{}, {}, "rating_mf", {}, {.pool = &pool}, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(CompareRatingsTest, DifferencesAreOfTheMeanErrors) {
  const std::vector<HeldRating> held = {
      {0, ItemIndex{0}, 3, 0}, {0, ItemIndex{1}, 3, 1}, {1, ItemIndex{0}, 3, 0}};
  RatingRow row{.predicted = {4, 3, 3}};
  row.all = {.num_ratings = 3, .rmse = std::sqrt(1.0 / 3), .mae = 1.0 / 3};
  RatingRow other{.predicted = {5, 3, 4}};
  other.all = {.num_ratings = 3, .rmse = std::sqrt(5.0 / 3), .mae = 1};
  ThreadPool pool(2);

  const RatingDifferences differences = CompareRatings(held, row, other, {}, pool);

  EXPECT_NEAR(differences.squared.value, -4.0 / 3, 1e-9);
  EXPECT_NEAR(differences.absolute.value, -2.0 / 3, 1e-9);
  EXPECT_LE(differences.squared.interval.high, 0);
}

}  // namespace
}  // namespace vitrine
