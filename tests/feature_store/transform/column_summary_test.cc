#include "vitrine/feature_store/transform/column_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "feature_store/transform/tables.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kInfinity;
using testing::kNaN;
using testing::NumbersColumn;
using ::testing::Pair;
using testing::TableOf;
using testing::TextsColumn;

ColumnSummary SummaryOf(const Column& column) {
  return Summarize(TableOf({column}).columns()[0], 4, 2);
}

TEST(ColumnSummaryTest, CountsAndMeasuresNumbers) {
  const ColumnSummary summary = SummaryOf(NumbersColumn("x", {0, 1, 1, 4, kNaN, kInfinity, 4, 2}));

  EXPECT_EQ(summary.num_rows, 8u);
  EXPECT_EQ(summary.num_missing, 2u);
  EXPECT_EQ(summary.num_infinite, 1u);
  EXPECT_EQ(summary.num_distinct, 4u);
  EXPECT_EQ(summary.mean, 2);
  EXPECT_EQ(summary.quantiles.front(), 0);
  EXPECT_EQ(summary.quantiles[3], 1.5);
  EXPECT_EQ(summary.quantiles.back(), 4);
  EXPECT_THAT(summary.histogram, ElementsAre(1, 2, 1, 2));
}

TEST(ColumnSummaryTest, ShowsTheMostFrequentTextsAndWhatIsLikeANumber) {
  const ColumnSummary summary =
      SummaryOf(TextsColumn("s", {"b", "a", "12", "b", "a", std::nullopt, "3"}));

  EXPECT_EQ(summary.num_missing, 1u);
  EXPECT_EQ(summary.num_distinct, 4u);
  EXPECT_EQ(summary.num_like_numbers, 2u);
  EXPECT_THAT(summary.most_frequent, ElementsAre(Pair("a", 2), Pair("b", 2)));
}

TEST(ColumnSummaryTest, OfNothingOrOneValueOrTheLargestThereAreIsFine) {
  EXPECT_THAT(SummaryOf(NumbersColumn("x", {kNaN})).quantiles, IsEmpty());
  EXPECT_THAT(SummaryOf(NumbersColumn("x", {7, 7})).histogram, ElementsAre(2, 0, 0, 0));
  EXPECT_THAT(SummaryOf(NumbersColumn("x", {-1.7e308, 1.7e308})).histogram,
              ElementsAre(1, 0, 0, 1));
}

}  // namespace
}  // namespace vitrine
