#include "vitrine/feature_store/transform/encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "feature_store/transform/tables.h"
#include "testing/status_matchers.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/transform/target_mean.h"

namespace vitrine {
namespace {

using ::testing::DoubleEq;
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

// What `settings`, fitted on brands a, a, b, make of b, new and a missing one.
template <typename Settings>
absl::StatusOr<FeatureTable> OfUnseen(const Settings& settings) {
  const auto fitted = Fit(TableOf({TextsColumn("brand", {"a", "a", "b"})}), settings);
  if (!fitted.ok()) return fitted.status();
  return Apply(*fitted, TableOf({TextsColumn("brand", {"b", "new", std::nullopt})}));
}

TEST(OneHotTest, AnUnseenCategoryIsIgnoredOrOtherOrAnError) {
  OneHotSettings settings{.columns = Named({"brand"})};
  const auto ignored = OfUnseen(settings);
  settings.unseen = UnseenPolicy::kOther;
  const auto other = OfUnseen(settings);
  settings.unseen = UnseenPolicy::kError;
  const auto refused = OfUnseen(settings);

  ASSERT_THAT(ignored, IsOk());
  EXPECT_THAT(NamesOf(*ignored), ElementsAre("brand=a", "brand=b"));
  EXPECT_THAT(NumbersOf(*ignored, "brand=b"), ElementsAre(1, 0, 0));
  EXPECT_THAT(NumbersOf(other.value(), "brand=(other)"), ElementsAre(0, 1, 0));
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr("row 2 of column brand is \"new\""));
}

TEST(OneHotTest, MissingMayBeACategory) {
  const auto encoded = OfUnseen(OneHotSettings{
      .columns = Named({"brand"}), .unseen = UnseenPolicy::kOther, .has_missing = true});

  ASSERT_THAT(encoded, IsOk());
  EXPECT_THAT(NamesOf(*encoded),
              ElementsAre("brand=a", "brand=b", "brand=(other)", "brand=(missing)"));
  EXPECT_THAT(NumbersOf(*encoded, "brand=(missing)"), ElementsAre(0, 0, 1));
}

TEST(OneHotTest, RareCategoriesCountAsUnseen) {
  const FeatureTable table = TableOf({TextsColumn("x", {"a", "a", "b", "b", "c"})});

  const auto by_count = FitAndApply(table, OneHotSettings{.columns = Named({"x"}), .min_count = 2});
  const auto by_number =
      FitAndApply(table, OneHotSettings{.columns = Named({"x"}), .max_categories = 1});

  EXPECT_THAT(NamesOf(by_count.value()), ElementsAre("x=a", "x=b"));
  EXPECT_THAT(NamesOf(by_number.value()), ElementsAre("x=a"));
}

TEST(OneHotTest, AColumnOfAsManyCategoriesAsRowsIsRefused) {
  Numbers ids;
  for (std::size_t i = 0; i <= kMaxOneHotCategories; ++i) ids.push_back(static_cast<double>(i));

  const auto fitted =
      Fit(TableOf({NumbersColumn("id", ids)}), OneHotSettings{.columns = Named({"id"})});

  EXPECT_THAT(fitted, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(fitted.status().message()), HasSubstr("max_categories"));
}

TEST(OneHotTest, AColumnWithoutAnyValueHasNoCategories) {
  const auto encoded =
      FitAndApply(TableOf({TextsColumn("x", {std::nullopt}), NumbersColumn("y", {1})}),
                  OneHotSettings{.columns = Named({"x"})});

  ASSERT_THAT(encoded, IsOk());
  EXPECT_THAT(NamesOf(*encoded), ElementsAre("y"));
}

TEST(OrdinalTest, RanksByFrequencyAndTiesByName) {
  const auto encoded = FitAndApply(TableOf({TextsColumn("x", {"c", "b", "a", "b", "c", "z"})}),
                                   OrdinalSettings{.columns = Named({"x"})});

  ASSERT_THAT(encoded, IsOk());
  EXPECT_THAT(NumbersOf(*encoded, "x"), ElementsAre(1, 0, 2, 0, 1, 3));
}

TEST(OrdinalTest, AnUnseenCategoryIsBehindAllOrMissingOrAnError) {
  OrdinalSettings settings{.columns = Named({"brand"})};
  const auto other = OfUnseen(settings);
  settings.unseen = UnseenPolicy::kIgnore;
  const auto ignored = OfUnseen(settings);
  settings.unseen = UnseenPolicy::kError;

  EXPECT_THAT(NumbersOf(other.value(), "brand"), ElementsAre(1, 2, IsNan()));
  EXPECT_THAT(NumbersOf(ignored.value(), "brand"), ElementsAre(1, IsNan(), IsNan()));
  EXPECT_THAT(OfUnseen(settings), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(HashTest, TheSameCategoryIsTheSameBucketInAnyTable) {
  const HashSettings settings{.columns = Named({"brand"}), .num_buckets = 16};
  const auto fitted = Fit(TableOf({TextsColumn("brand", {"a"})}), settings);
  ASSERT_THAT(fitted, IsOk());

  const auto one = Apply(*fitted, TableOf({TextsColumn("brand", {"mug"})}));
  const auto many = Apply(*fitted, TableOf({TextsColumn("brand", {"cup", "mug", std::nullopt})}));

  double sum_of_missing = 0;
  for (const std::string& name : NamesOf(one.value())) {
    EXPECT_EQ(NumbersOf(*one, name)[0], NumbersOf(many.value(), name)[1]);
    sum_of_missing += std::abs(NumbersOf(*many, name)[2]);
  }
  EXPECT_EQ(sum_of_missing, 0);
}

TEST(HashTest, SignsMakeTheSumOfManyCategoriesNearlyNothing) {
  Texts ids;
  for (int i = 0; i < 10'000; ++i) ids.push_back(std::to_string(i));

  const auto hashed = FitAndApply(TableOf({TextsColumn("id", ids)}),
                                  HashSettings{.columns = Named({"id"}), .num_buckets = 4});

  ASSERT_THAT(hashed, IsOk());
  for (const std::string& name : NamesOf(*hashed)) {
    double sum = 0;
    for (const double value : NumbersOf(*hashed, name)) sum += value;
    EXPECT_LT(std::abs(sum), 5 * std::sqrt(2500)) << name;  // Five standard deviations.
  }
}

TEST(HashTest, NoOrTooManyBucketsAreRefused) {
  const FeatureTable table = TableOf({TextsColumn("x", {"a"})});

  for (const std::size_t buckets : {0, 65'537}) {
    EXPECT_THAT(Fit(table, HashSettings{.columns = Named({"x"}), .num_buckets = buckets}),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

FeatureTable BrandsAndTarget() {
  return TableOf({TextsColumn("brand", {"a", "a", "b", "b", std::nullopt, std::nullopt}),
                  NumbersColumn("y", {1, 1, 0, 1, 0, 0})});
}

TEST(TargetMeanTest, DrawsRareCategoriesTowardsTheMeanOfAll) {
  const auto fitted =
      Fit(BrandsAndTarget(),
          TargetMeanSettings{.columns = Named({"brand"}), .target = "y", .smoothing = 2});
  ASSERT_THAT(fitted, IsOk());

  const auto encoded =
      Apply(*fitted, TableOf({TextsColumn("brand", {"a", "b", std::nullopt, "new"})}));

  EXPECT_THAT(NumbersOf(encoded.value(), "brand"),
              ElementsAre(DoubleEq(0.75), DoubleEq(0.5), DoubleEq(0.25), DoubleEq(0.5)));
}

TEST(TargetMeanTest, ARowDoesNotSeeItsOwnTarget) {
  // Each row a category of its own: whatever tells them apart is their own target.
  Texts ids;
  Numbers target;
  for (int i = 0; i < 40; ++i) {
    ids.push_back(std::to_string(i));
    target.push_back(i % 2);
  }
  const FeatureTable table = TableOf({TextsColumn("id", ids), NumbersColumn("y", target)});
  const TargetMeanSettings settings{.columns = Named({"id"}), .target = "y", .smoothing = 0};
  const auto fitted = Fit(table, settings);
  ASSERT_THAT(fitted, IsOk());

  const Numbers seen = NumbersOf(Apply(*fitted, table).value(), "id");
  const Numbers out_of_fold = NumbersOf(ApplyToFitRows(*fitted, settings, table).value(), "id");

  EXPECT_EQ(seen, target);
  for (const double value : out_of_fold) EXPECT_NEAR(value, 0.5, 0.15);
}

TEST(TargetMeanTest, TheSeedDecidesTheFolds) {
  Random random(1);
  Texts brands;
  Numbers target;
  for (int i = 0; i < 50; ++i) {
    brands.push_back(std::to_string(random.Below(3)));
    target.push_back(random.Uniform());
  }
  const FeatureTable table = TableOf({TextsColumn("brand", brands), NumbersColumn("y", target)});
  TargetMeanSettings settings{.columns = Named({"brand"}), .target = "y"};
  const auto encode = [&] {
    return NumbersOf(ApplyToFitRows(Fit(table, settings).value(), settings, table).value(),
                     "brand");
  };

  const Numbers once = encode();
  EXPECT_EQ(once, encode());
  settings.seed = 2;
  EXPECT_NE(once, encode());
}

TEST(TargetMeanTest, AMissingTargetIsAnErrorThatNamesTheRow) {
  const auto fitted =
      Fit(TableOf({TextsColumn("brand", {"a", "b"}), NumbersColumn("y", {1, kNaN})}),
          TargetMeanSettings{.columns = Named({"brand"}), .target = "y", .num_folds = 2});

  EXPECT_THAT(fitted, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(fitted.status().message()), HasSubstr("row 2 has no target"));
}

TEST(TargetMeanTest, SettingsOutOfRangeAreRefused) {
  const auto fit = [](TargetMeanSettings settings) {
    settings.columns = Named({"brand"});
    return Fit(BrandsAndTarget(), settings);
  };

  EXPECT_THAT(fit({.target = ""}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(fit({.target = "y", .smoothing = -1}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(fit({.target = "y", .num_folds = 1}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(fit({.target = "y", .num_folds = 7}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(fit({.target = "brand"}), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace vitrine
