#include "vitrine/feature_store/transform/feature_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "feature_store/transform/tables.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::kInfinity;
using testing::kNaN;
using testing::Named;
using testing::NamesOf;
using testing::NumbersColumn;
using testing::NumbersOf;
using testing::StatusIs;
using testing::TableOf;
using testing::TextsColumn;

FeatureTable PriceAndBrand() {
  return TableOf({NumbersColumn("price", {1, 2}), TextsColumn("brand", {"a", std::nullopt})});
}

TEST(FeatureTableTest, InfinityBecomesMissingAndIsCounted) {
  const FeatureTable table = TableOf({NumbersColumn("x", {kInfinity, 1, -kInfinity, kNaN})});

  EXPECT_EQ(table.Find("x")->num_infinite, 2u);
  for (const std::size_t row : {0, 2, 3}) EXPECT_TRUE(std::isnan(NumbersOf(table, "x")[row]));
}

TEST(FeatureTableTest, TwoColumnsOfOneNameOrOfOtherLengthAreErrors) {
  EXPECT_THAT(FeatureTable::Create({NumbersColumn("x", {1}), TextsColumn("x", {"a"})}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(FeatureTable::Create({NumbersColumn("x", {1}), NumbersColumn("y", {1, 2})}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(FeatureTableTest, AColumnThatIsNotThereIsNamedWithTheNearest) {
  const auto column = PriceAndBrand().Get("prices");

  EXPECT_THAT(column, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(std::string(column.status().message()),
              AllOf(HasSubstr("prices"), HasSubstr("did you mean price"), HasSubstr("brand")));
}

TEST(FeatureTableTest, AColumnOfMixedTypeIsRefusedWithACellThatShowsIt) {
  const FeatureTable table = TableOf({TextsColumn("age", {"31", "unknown", "44"})});

  const auto numbers = table.GetNumbers("age");

  EXPECT_THAT(numbers, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(numbers.status().message()),
              AllOf(HasSubstr("row 2"), HasSubstr("unknown"), HasSubstr("convert")));
}

TEST(FeatureTableTest, ReplacedColumnsStandInThePlaceOfTheOld) {
  FeatureTable table =
      TableOf({NumbersColumn("a", {1}), NumbersColumn("b", {2}), NumbersColumn("c", {3})});

  ASSERT_THAT(table.Replace("b", {NumbersColumn("b", {5}), NumbersColumn("d", {6})}), IsOk());

  EXPECT_THAT(NamesOf(table), ElementsAre("a", "b", "d", "c"));
  EXPECT_THAT(table.Replace("a", {NumbersColumn("c", {1})}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(FeatureTableTest, CellsAsTextAreShortAndKnowNoNegativeZero) {
  const Column column = NumbersColumn("x", {0.1, -0.0, 17850, kNaN});

  EXPECT_EQ(CellText(column, 0), "0.1");
  EXPECT_EQ(CellText(column, 1), "0");
  EXPECT_EQ(CellText(column, 2), "17850");
  EXPECT_EQ(CellText(column, 3), std::nullopt);
}

TEST(ChooseColumnsTest, AllOfAKindAreWithoutThoseExcepted) {
  const FeatureTable table =
      TableOf({NumbersColumn("a", {1}), TextsColumn("b", {"x"}), NumbersColumn("c", {3})});

  const auto chosen = ChooseColumns(table, {.all = ColumnChoice::All::kNumbers, .except = {"c"}});

  ASSERT_THAT(chosen, IsOk());
  EXPECT_THAT(*chosen, ElementsAre("a"));
}

TEST(ChooseColumnsTest, NothingLeftOrANameTwiceIsAnError) {
  const FeatureTable table = PriceAndBrand();

  EXPECT_THAT(ChooseColumns(table, {}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ChooseColumns(table, Named({"price", "price"})),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(ChooseColumns(table, Named({"cost"})), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace vitrine
