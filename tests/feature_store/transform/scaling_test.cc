#include "vitrine/feature_store/transform/scaling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "feature_store/transform/tables.h"
#include "testing/status_matchers.h"
#include "vitrine/feature_store/transform/cyclical.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::DoubleNear;
using ::testing::Each;
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

class EveryScaleTest : public ::testing::TestWithParam<ScaleMethod> {
 protected:
  ScaleSettings settings_{.columns = Named({"x"}), .method = GetParam()};
};

TEST_P(EveryScaleTest, AConstantColumnBecomesZeros) {
  // The mean of three tenths is none of them.
  const auto scaled = FitAndApply(TableOf({NumbersColumn("x", {0.1, 0.1, 0.1})}), settings_);

  ASSERT_THAT(scaled, IsOk());
  EXPECT_THAT(NumbersOf(*scaled, "x"), Each(0.0));
}

TEST_P(EveryScaleTest, AMissingValueStaysMissingAndTeachesNothing) {
  const auto with = FitAndApply(TableOf({NumbersColumn("x", {1, kNaN, 2, 5})}), settings_);
  const auto without = FitAndApply(TableOf({NumbersColumn("x", {1, 2, 5})}), settings_);

  ASSERT_THAT(with, IsOk());
  const Numbers all = NumbersOf(*with, "x");
  EXPECT_THAT(all[1], IsNan());
  EXPECT_EQ((Numbers{all[0], all[2], all[3]}), NumbersOf(*without, "x"));
}

TEST_P(EveryScaleTest, AColumnWithoutAnyValueIsAnErrorThatSaysSo) {
  const auto fitted = Fit(TableOf({NumbersColumn("x", {kNaN, kNaN})}), settings_);

  EXPECT_THAT(fitted, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(fitted.status().message()),
              AllOf(HasSubstr("all 2 values of column x are missing"), HasSubstr("impute")));
}

TEST_P(EveryScaleTest, NumbersWhoseSpreadIsNoNumberAreAnError) {
  const auto fitted = Fit(TableOf({NumbersColumn("x", {-1.7e308, 1.7e308})}), settings_);

  // The quartiles of two values are half as far apart as the two.
  if (GetParam() == ScaleMethod::kRobust) {
    EXPECT_THAT(fitted, IsOk());
  } else {
    EXPECT_THAT(fitted, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(std::string(fitted.status().message()), HasSubstr("too large"));
  }
}

TEST_P(EveryScaleTest, TextsAreRefused) {
  EXPECT_THAT(Fit(TableOf({TextsColumn("x", {"a"})}), settings_),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

INSTANTIATE_TEST_SUITE_P(Methods, EveryScaleTest,
                         ::testing::Values(ScaleMethod::kMinMax, ScaleMethod::kStandard,
                                           ScaleMethod::kRobust));

TEST(ScaleTest, RangesThatAreNoneAreRefused) {
  const FeatureTable table = TableOf({NumbersColumn("x", {1, 2})});

  EXPECT_THAT(Fit(table, ScaleSettings{.columns = Named({"x"}), .low = 1, .high = 1}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Fit(table, ScaleSettings{.columns = Named({"x"}), .lower = 0.6, .upper = 0.5}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(LogTest, NegativeNumbersAreAnErrorOrSignedOrZero) {
  const FeatureTable table = TableOf({NumbersColumn("x", {0, -std::exp(1) + 1, kNaN})});
  const auto with = [&](NegativePolicy policy) {
    return FitAndApply(table, LogSettings{.columns = Named({"x"}), .negative = policy});
  };

  EXPECT_THAT(with(NegativePolicy::kError), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(with(NegativePolicy::kError).status().message()), HasSubstr("row 2"));
  EXPECT_THAT(NumbersOf(with(NegativePolicy::kSigned).value(), "x"),
              ElementsAre(0, DoubleNear(-1, 1e-15), IsNan()));
  EXPECT_THAT(NumbersOf(with(NegativePolicy::kZero).value(), "x"), ElementsAre(0, 0, IsNan()));
}

TEST(BinTest, EqualQuantilesAreOneEdge) {
  const FeatureTable table = TableOf({NumbersColumn("x", {1, 1, 1, 1, 1, 1, 1, 2, 3, 4})});

  const auto binned = FitAndApply(table, BinSettings{.columns = Named({"x"}), .num_bins = 5});

  ASSERT_THAT(binned, IsOk());
  EXPECT_THAT(NumbersOf(*binned, "x"), ElementsAre(0, 0, 0, 0, 0, 0, 0, 0, 1, 1));
}

TEST(BinTest, ValuesBeyondWhatWasSeenAreInTheFirstAndLastBin) {
  const auto fitted = Fit(TableOf({NumbersColumn("x", {0, 10, 20, 30})}),
                          BinSettings{.columns = Named({"x"}), .num_bins = 3});
  ASSERT_THAT(fitted, IsOk());

  const auto applied = Apply(*fitted, TableOf({NumbersColumn("x", {-99, 10, 99, kNaN})}));

  ASSERT_THAT(applied, IsOk());
  EXPECT_THAT(NumbersOf(*applied, "x"), ElementsAre(0, 1, 2, IsNan()));
}

TEST(CyclicalTest, MidnightIsNearTheHourBeforeAndSummerTimeCounts) {
  // 2011-07-01 22:30:00 UTC, a Friday: in Berlin it is half past midnight on Saturday.
  const FeatureTable table = TableOf({NumbersColumn("t", {1'309'559'400, kNaN})});

  const auto encoded =
      FitAndApply(table, CyclicalSettings{.columns = Named({"t"}), .time_zone = "Europe/Berlin"});

  ASSERT_THAT(encoded, IsOk());
  EXPECT_THAT(NamesOf(*encoded),
              ElementsAre("t_hour_sin", "t_hour_cos", "t_weekday_sin", "t_weekday_cos"));
  EXPECT_THAT(NumbersOf(*encoded, "t_hour_cos"), ElementsAre(1, IsNan()));
  EXPECT_NEAR(NumbersOf(*encoded, "t_weekday_sin")[0], std::sin(2 * M_PI * 5 / 7), 1e-15);
}

TEST(CyclicalTest, MillisecondsAndUnknownZonesAreErrors) {
  const FeatureTable table = TableOf({NumbersColumn("t", {1'309'559'400'000})});

  const auto fitted = Fit(table, CyclicalSettings{.columns = Named({"t"})});

  EXPECT_THAT(fitted, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(fitted.status().message()), HasSubstr("milliseconds"));
  EXPECT_THAT(Fit(table, CyclicalSettings{.columns = Named({"t"}), .time_zone = "Mars/Base"}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace vitrine
