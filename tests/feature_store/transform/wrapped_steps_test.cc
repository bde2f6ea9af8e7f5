// Selection, reduction and texts as steps over tables; what they compute is tested beside this.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "feature_store/transform/tables.h"
#include "testing/status_matchers.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/transform/reduction_steps.h"
#include "vitrine/feature_store/transform/selection_step.h"
#include "vitrine/feature_store/transform/text_steps.h"

namespace vitrine {
namespace {

using testing::AllNumbers;
using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FitAndApply;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::kNaN;
using testing::Named;
using testing::NamesOf;
using testing::NumbersColumn;
using testing::NumbersOf;
using testing::StatusIs;
using testing::TableOf;
using testing::TextsColumn;

// y is twice a and some noise, b is a and c together, c is noise, d is constant.
FeatureTable Related() {
  Random random(5);
  Numbers a, b, c, d, y;
  Texts kind;
  for (int i = 0; i < 200; ++i) {
    a.push_back(random.Normal());
    c.push_back(random.Normal());
    b.push_back(a.back() + c.back());
    d.push_back(3);
    y.push_back(2 * a.back() + 0.1 * random.Normal());
    kind.push_back(a.back() > 0 ? "high" : "low");
  }
  return TableOf({NumbersColumn("a", a), NumbersColumn("b", b), NumbersColumn("c", c),
                  NumbersColumn("d", d), NumbersColumn("y", y), TextsColumn("kind", kind)});
}

TEST(SelectionStepTest, ByVarianceDropsConstants) {
  const auto selected = FitAndApply(Related(), SelectionSettings{.columns = Named({"a", "d"})});

  ASSERT_THAT(selected, IsOk());
  EXPECT_THAT(NamesOf(*selected), ElementsAre("a", "b", "c", "y", "kind"));
}

TEST(SelectionStepTest, ByMutualInformationKeepsWhatTellsOfTheTarget) {
  SelectionSettings settings{.columns = Named({"c", "a", "d"}),
                             .criterion = SelectionCriterion::kMutualInformation,
                             .count = 1,
                             .target = "y"};
  const auto of_number = Fit(Related(), settings);
  settings.target = "kind";
  const auto of_class = Fit(Related(), settings);

  for (const auto& fitted : {of_number, of_class}) {
    ASSERT_THAT(fitted, IsOk());
    EXPECT_FALSE(fitted->columns[0].is_kept);
    EXPECT_TRUE(fitted->columns[1].is_kept);
    EXPECT_THAT(Describe(*fitted)[1], AllOf(HasSubstr("a: mutual"), HasSubstr("kept")));
  }
}

TEST(SelectionStepTest, ByMutualInformationANumberNeedsNoBins) {
  constexpr std::size_t kRows = 2'000;
  constexpr double kCorrelation = 0.8;
  Random random(11);
  Numbers uniform;
  Numbers normal;
  Numbers related;
  Numbers half;
  for (std::size_t row = 0; row < kRows; ++row) {
    uniform.push_back(random.Uniform());
    half.push_back(uniform.back() < 0.5 ? 0 : 1);
    normal.push_back(random.Normal());
    related.push_back(kCorrelation * normal.back() +
                      std::sqrt(1 - kCorrelation * kCorrelation) * random.Normal());
  }
  const auto table = FeatureTable::Create({{.name = "uniform", .cells = uniform},
                                           {.name = "half", .cells = half},
                                           {.name = "normal", .cells = normal},
                                           {.name = "related", .cells = related}});
  ASSERT_THAT(table, IsOk());

  const auto of_number =
      Fit(*table, SelectionSettings{.columns = Named({"uniform", "normal"}),
                                    .criterion = SelectionCriterion::kMutualInformation,
                                    .target = "related"});
  const auto of_class =
      Fit(*table, SelectionSettings{.columns = Named({"uniform", "normal"}),
                                    .criterion = SelectionCriterion::kMutualInformation,
                                    .target = "half",
                                    .is_target_class = true});

  ASSERT_THAT(of_number, IsOk());
  ASSERT_THAT(of_class, IsOk());
  // Of normal numbers -ln(1 - r^2) / 2, of what tells the half exactly ln 2; of strangers 0.
  EXPECT_NEAR(*of_number->columns[0].score, 0, 0.05);
  EXPECT_NEAR(*of_number->columns[1].score, -std::log(1 - kCorrelation * kCorrelation) / 2, 0.05);
  EXPECT_NEAR(*of_class->columns[0].score, std::log(2), 0.02);
  EXPECT_NEAR(*of_class->columns[1].score, 0, 0.05);
}

TEST(SelectionStepTest, ByInflationDropsOneOfThoseThatSayTheSame) {
  const auto fitted =
      Fit(Related(), SelectionSettings{.columns = Named({"a", "b", "c"}),
                                       .criterion = SelectionCriterion::kInflation});

  ASSERT_THAT(fitted, IsOk());
  EXPECT_EQ(fitted->columns[0].score, std::nullopt);  // Infinite.
  EXPECT_TRUE(fitted->columns[0].is_kept);
  EXPECT_TRUE(fitted->columns[1].is_kept);
  EXPECT_FALSE(fitted->columns[2].is_kept);
}

TEST(SelectionStepTest, AMissingValueOrTargetIsAnErrorThatSaysSo) {
  const FeatureTable gaps = TableOf({NumbersColumn("a", {1, kNaN})});
  const auto of_gaps = Fit(gaps, SelectionSettings{.columns = AllNumbers()});
  const auto of_none =
      Fit(Related(), SelectionSettings{.columns = Named({"a"}),
                                       .criterion = SelectionCriterion::kMutualInformation});

  EXPECT_THAT(of_gaps, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(of_gaps.status().message()), HasSubstr("row 2 of column a is missing"));
  EXPECT_THAT(of_none, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(of_none.status().message()), HasSubstr("no target"));
}

TEST(PcaStepTest, ColumnsBecomeComponentsAtTheEnd) {
  const PcaSettings settings{.columns = Named({"a", "b", "c"}), .options = {.components = 2}};

  const auto reduced = FitAndApply(Related(), settings);

  ASSERT_THAT(reduced, IsOk());
  EXPECT_THAT(NamesOf(*reduced), ElementsAre("d", "y", "kind", "pca_0", "pca_1"));
  EXPECT_EQ(reduced->num_rows(), 200u);
}

TEST(DiscriminantStepTest, TheClassesOfTheTargetLieApart) {
  const auto reduced =
      FitAndApply(Related(), DiscriminantSettings{.columns = Named({"a", "c"}), .target = "kind"});

  ASSERT_THAT(reduced, IsOk());
  const Numbers places = NumbersOf(*reduced, "lda_0");
  const Texts kinds = testing::TextsOf(*reduced, "kind");
  double high = 0;
  double low = 0;
  for (std::size_t row = 0; row < places.size(); ++row) {
    (kinds[row] == "high" ? high : low) += places[row] / 100;
  }
  EXPECT_GT(std::abs(high - low), 2);  // In deviations within a class.
}

FeatureTable Titles() {
  return TableOf({TextsColumn("title", {"Red mug", "Blue mug", "Blue cup", std::nullopt}),
                  NumbersColumn("x", {1, 2, 3, 4})});
}

TEST(TfIdfStepTest, EachTermIsAColumnAndAMissingTextIsZeros) {
  const auto encoded = FitAndApply(Titles(), TfIdfSettings{.columns = Named({"title"})});

  ASSERT_THAT(encoded, IsOk());
  EXPECT_THAT(NamesOf(*encoded),
              ElementsAre("title:blue", "title:cup", "title:mug", "title:red", "x"));
  for (const char* name : {"title:blue", "title:cup", "title:mug", "title:red"}) {
    EXPECT_EQ(NumbersOf(*encoded, name)[3], 0);
  }
  EXPECT_GT(NumbersOf(*encoded, "title:red")[0], NumbersOf(*encoded, "title:mug")[0]);
}

TEST(TfIdfStepTest, AColumnWithoutATermIsNamed) {
  const auto fitted = Fit(TableOf({TextsColumn("title", {std::nullopt, "--"})}),
                          TfIdfSettings{.columns = Named({"title"})});

  EXPECT_THAT(fitted, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(fitted.status().message()), HasSubstr("column title: "));
}

TEST(LatentSemanticsStepTest, TextsOfACommonTermAreNear) {
  const auto encoded = FitAndApply(
      Titles(), LatentSemanticsSettings{.columns = Named({"title"}), .options = {.dimensions = 2}});

  ASSERT_THAT(encoded, IsOk());
  EXPECT_THAT(NamesOf(*encoded), ElementsAre("title_lsa_0", "title_lsa_1", "x"));
  EXPECT_GT(NumbersOf(*encoded, "title_lsa_0")[1], 0.5);  // Shares a word with both others.
  EXPECT_EQ(NumbersOf(*encoded, "title_lsa_0")[3], 0);
}

}  // namespace
}  // namespace vitrine
