#include "cli/ratings_report.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace vitrine::cli {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

RatingRow RowOf(double rmse) {
  return {.name = "rating_mf",
          .settings = {{"dimensions", "8"}},
          .num_users = 2,
          .all = {.num_ratings = 3, .rmse = rmse, .mae = 0.5},
          .folds = {{2, rmse, 0.5}, {1, rmse, 0.5}},
          .rmse_interval = {rmse - 0.1, rmse + 0.1},
          .predicted = {4, 3, 2.5F}};
}

TEST(RatingsReportTest, JsonHoldsErrorsFoldsAndIntervals) {
  const auto json = nlohmann::json::parse(RatingsJson({.row = RowOf(0.75)}, 17));

  EXPECT_EQ(json["scorer"], "rating_mf");
  EXPECT_EQ(json["rmse"], 0.75);
  EXPECT_EQ(json["ratings"], 3);
  EXPECT_EQ(json["folds"].size(), 2U);
  EXPECT_EQ(json["intervals"]["rmse"][1], 0.85);
  EXPECT_EQ(json["peak_rss_bytes"], 17);
  EXPECT_FALSE(json.contains("against"));
}

TEST(RatingsReportTest, TwoRowsAreHeldAgainstEachOther) {
  const RatingComparison comparison = {
      .row = RowOf(0.75), .other = RowOf(1), .differences = {.squared = {.value = -0.4375}}};

  const auto json = nlohmann::json::parse(RatingsJson(comparison, 0));

  EXPECT_EQ(json["against"]["row"]["rmse"], 1);
  EXPECT_EQ(json["against"]["differences"]["squared_error"]["difference"], -0.4375);
  EXPECT_THAT(
      RatingsTable(comparison),
      HasSubstr("\nthe first's rmse is 25.00 % below the second's; squared error -0.4375 "));
}

TEST(RatingsReportTest, AWorseRowIsAboveAndNoneIsHeldAgainstAPerfectOne) {
  const std::string worse = RatingsTable({.row = RowOf(1.0346), .other = RowOf(1)});
  const std::string beside_perfect = RatingsTable({.row = RowOf(1), .other = RowOf(0)});

  EXPECT_THAT(worse, HasSubstr("the first's rmse is 3.46 % above the second's; "));
  EXPECT_THAT(beside_perfect, HasSubstr("\nsquared error +0.0000 "));
  EXPECT_THAT(beside_perfect, Not(AnyOf(HasSubstr("the second's"), HasSubstr("inf"))));
}

TEST(RatingsReportTest, PredictionsNameShopperItemAndFold) {
  Dataset dataset;
  dataset.user_ids = {"ann", "bob"};
  dataset.item_ids = {"mug", "cup"};

  const std::string lines = PredictionLines(
      dataset, {{0, ItemIndex{1}, 4.5F, 0}, {1, ItemIndex{0}, 3, 4}, {1, ItemIndex{1}, 2, 1}},
      RowOf(1));

  EXPECT_EQ(lines,
            "ann\tcup\t4.5\t1\t4.000000\nbob\tmug\t3\t5\t3.000000\nbob\tcup\t2\t2\t2.500000\n");
}

}  // namespace
}  // namespace vitrine::cli
