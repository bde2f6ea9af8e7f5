#include "vitrine/feature_store/transform/cleaning.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "feature_store/transform/tables.h"
#include "testing/status_matchers.h"
#include "vitrine/feature_store/transform/imputation.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FitAndApply;
using ::testing::HasSubstr;
using ::testing::IsNan;
using testing::IsOk;
using testing::kNaN;
using testing::Named;
using testing::NamesOf;
using testing::NumbersColumn;
using testing::NumbersOf;
using testing::StatusIs;
using testing::TableOf;
using testing::TextsColumn;
using testing::TextsOf;

TEST(DeduplicateTest, WithoutKeysRowsMustBeEqualInEveryCell) {
  const FeatureTable table =
      TableOf({NumbersColumn("a", {1, 1, kNaN, kNaN, 0, -0.0}),
               TextsColumn("b", {"x", "y", std::nullopt, std::nullopt, "", ""})});

  const auto kept = FitAndApply(table, DeduplicateSettings{});

  ASSERT_THAT(kept, IsOk());
  EXPECT_THAT(NumbersOf(*kept, "a"), ElementsAre(1, 1, IsNan(), 0));
}

TEST(DeduplicateTest, AMissingTextIsNotAnEmptyOne) {
  const auto kept =
      FitAndApply(TableOf({TextsColumn("b", {"", std::nullopt})}), DeduplicateSettings{});

  ASSERT_THAT(kept, IsOk());
  EXPECT_EQ(kept->num_rows(), 2u);
}

TEST(DeduplicateTest, ByKeyTheFirstOrTheLastStaysInItsPlace) {
  const FeatureTable table =
      TableOf({TextsColumn("id", {"a", "b", "a", "c"}), NumbersColumn("x", {1, 2, 3, 4})});

  const auto first = FitAndApply(table, DeduplicateSettings{.keys = {"id"}});
  const auto last = FitAndApply(table, DeduplicateSettings{.keys = {"id"}, .keep = Keep::kLast});

  EXPECT_THAT(NumbersOf(first.value(), "x"), ElementsAre(1, 2, 4));
  EXPECT_THAT(NumbersOf(last.value(), "x"), ElementsAre(2, 3, 4));
}

TEST(ClipTest, BoundsComeFromTheRowsFittedOn) {
  const auto fitted = Fit(TableOf({NumbersColumn("x", {0, 1, 2, 3, 4})}),
                          ClipSettings{.columns = Named({"x"}), .lower = 0.25, .upper = 0.75});
  ASSERT_THAT(fitted, IsOk());

  const auto clipped = Apply(*fitted, TableOf({NumbersColumn("x", {-9, 2, 9, kNaN})}));

  EXPECT_THAT(NumbersOf(clipped.value(), "x"), ElementsAre(1, 2, 3, IsNan()));
}

TEST(ClipTest, AConstantColumnStaysAsItIs) {
  const FeatureTable table = TableOf({NumbersColumn("x", {0.1, 0.1, 0.1})});

  for (const ClipMethod method : {ClipMethod::kQuantile, ClipMethod::kZScore}) {
    const auto clipped =
        FitAndApply(table, ClipSettings{.columns = Named({"x"}), .method = method});
    for (const double value : NumbersOf(clipped.value(), "x")) EXPECT_NEAR(value, 0.1, 1e-16);
  }
}

TEST(ClipTest, SettingsOutOfRangeAndEmptyColumnsAreErrors) {
  const FeatureTable table = TableOf({NumbersColumn("x", {kNaN})});

  EXPECT_THAT(Fit(table, ClipSettings{.columns = Named({"x"})}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Fit(table, ClipSettings{.columns = Named({"x"}), .lower = -0.1}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Fit(table, ClipSettings{.columns = Named({"x"}), .deviations = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ConvertTest, WhatIsNoNumberIsAnErrorThatShowsTheFirstOrBecomesMissing) {
  const FeatureTable table = TableOf({TextsColumn("x", {" 1.5", std::nullopt, "n/a", "-", "inf"})});
  ConvertSettings settings{.columns = Named({"x"})};

  const auto refused = FitAndApply(table, settings);
  settings.unparsable = Unparsable::kMissing;
  const auto converted = FitAndApply(table, settings);

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(refused.status().message()),
              AllOf(HasSubstr("row 3"), HasSubstr("n/a"), HasSubstr("2 of 5")));
  ASSERT_THAT(converted, IsOk());
  EXPECT_THAT(NumbersOf(*converted, "x"), ElementsAre(1.5, IsNan(), IsNan(), IsNan(), IsNan()));
  EXPECT_EQ(converted->Find("x")->num_infinite, 1u);
}

TEST(ConvertTest, TimesAreReadInTheirZone) {
  const FeatureTable table = TableOf({TextsColumn("t", {"01/07/2011 09:00", "01/12/2011 09:00"})});

  const auto converted = FitAndApply(table, ConvertSettings{.columns = Named({"t"}),
                                                            .to = ConvertTo::kTime,
                                                            .format = "%d/%m/%Y %H:%M",
                                                            .time_zone = "Europe/London"});

  ASSERT_THAT(converted, IsOk());  // Summer time is an hour ahead.
  EXPECT_THAT(NumbersOf(*converted, "t"), ElementsAre(1'309'507'200, 1'322'730'000));
}

TEST(ConvertTest, NumbersThatAreTimesAreReadAsSuch) {
  const FeatureTable table = TableOf({NumbersColumn("t", {1e12, kNaN})});

  const auto converted =
      FitAndApply(table, ConvertSettings{.columns = Named({"t"}), .to = ConvertTo::kTime});

  ASSERT_THAT(converted, IsOk());
  EXPECT_THAT(NumbersOf(*converted, "t"), ElementsAre(1e9, IsNan()));
}

TEST(ConvertTest, NumbersBecomeTextsAndBack) {
  const FeatureTable table = TableOf({NumbersColumn("x", {0.1, 85123, kNaN})});

  const auto texts =
      FitAndApply(table, ConvertSettings{.columns = Named({"x"}), .to = ConvertTo::kText});
  const auto numbers = FitAndApply(texts.value(), ConvertSettings{.columns = Named({"x"})});

  EXPECT_THAT(TextsOf(*texts, "x"), ElementsAre("0.1", "85123", std::nullopt));
  EXPECT_THAT(NumbersOf(numbers.value(), "x"), ElementsAre(0.1, 85123, IsNan()));
}

TEST(SelectTest, KeepsOrDropsButNeverWhatIsExcepted) {
  const FeatureTable table =
      TableOf({NumbersColumn("a", {1}), NumbersColumn("b", {1}), NumbersColumn("y", {1})});
  SelectSettings settings{.columns = {.names = {"b"}, .except = {"y"}}};

  const auto kept = FitAndApply(table, settings);
  settings.is_dropping = true;
  const auto dropped = FitAndApply(table, settings);

  EXPECT_THAT(NamesOf(kept.value()), ElementsAre("b", "y"));
  EXPECT_THAT(NamesOf(dropped.value()), ElementsAre("a", "y"));
}

TEST(ImputeTest, OfEquallyFrequentValuesTheSmallestIsTheMode) {
  const FeatureTable table = TableOf({NumbersColumn("x", {3, 1, 3, 1, kNaN}),
                                      TextsColumn("s", {"b", "a", "b", "a", std::nullopt})});

  const auto imputed = FitAndApply(
      table, ImputeSettings{.columns = Named({"x", "s"}), .method = ImputeMethod::kMode});

  ASSERT_THAT(imputed, IsOk());
  EXPECT_EQ(NumbersOf(*imputed, "x")[4], 1);
  EXPECT_EQ(TextsOf(*imputed, "s")[4], "a");
}

TEST(ImputeTest, TheLastValueIsCarriedForwardAndOverToNewRows) {
  const FeatureTable table = TableOf({TextsColumn("s", {std::nullopt, "a", std::nullopt, "b"})});
  const ImputeSettings settings{.columns = Named({"s"}), .method = ImputeMethod::kLast};
  const auto fitted = Fit(table, settings);
  ASSERT_THAT(fitted, IsOk());

  const auto own = ApplyToFitRows(*fitted, settings, table);
  const auto others =
      Apply(*fitted, TableOf({TextsColumn("s", {std::nullopt, "c", std::nullopt})}));

  EXPECT_THAT(TextsOf(own.value(), "s"), ElementsAre("a", "a", "a", "b"));
  EXPECT_THAT(TextsOf(others.value(), "s"), ElementsAre("b", "c", "c"));
}

TEST(ImputeTest, AColumnWithoutAnyValueTakesAConstantAlone) {
  const FeatureTable table = TableOf({NumbersColumn("x", {kNaN, kNaN})});

  for (const ImputeMethod method :
       {ImputeMethod::kMean, ImputeMethod::kMedian, ImputeMethod::kMode, ImputeMethod::kLast}) {
    EXPECT_THAT(Fit(table, ImputeSettings{.columns = Named({"x"}), .method = method}),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
  const auto imputed = FitAndApply(
      table,
      ImputeSettings{.columns = Named({"x"}), .method = ImputeMethod::kConstant, .number = 4});
  EXPECT_THAT(NumbersOf(imputed.value(), "x"), ElementsAre(4, 4));
}

TEST(ImputeTest, AMeanOfTextsOrAConstantOfTheOtherKindIsAnError) {
  const FeatureTable table = TableOf({TextsColumn("s", {"a", std::nullopt})});

  EXPECT_THAT(Fit(table, ImputeSettings{.columns = Named({"s"}), .method = ImputeMethod::kMean}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(
      Fit(table,
          ImputeSettings{.columns = Named({"s"}), .method = ImputeMethod::kConstant, .number = 4}),
      StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(ImputeTest, AMarkSaysWhereAValueWasMissing) {
  const auto imputed = FitAndApply(TableOf({NumbersColumn("x", {1, kNaN})}),
                                   ImputeSettings{.columns = Named({"x"}), .is_marked = true});

  ASSERT_THAT(imputed, IsOk());
  EXPECT_THAT(NamesOf(*imputed), ElementsAre("x", "x_missing"));
  EXPECT_THAT(NumbersOf(*imputed, "x_missing"), ElementsAre(0, 1));
}

}  // namespace
}  // namespace vitrine
