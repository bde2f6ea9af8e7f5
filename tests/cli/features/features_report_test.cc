#include "cli/features/features_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace vitrine::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

FeatureTable Shop() {
  return FeatureTable::Create(
             {{.name = "price", .cells = Numbers{1, 1, 1, 1, 9, kNaN}},
              {.name = "brand", .cells = Texts{"Acme", "Acme", "7", std::nullopt, "Bolt", "Bolt"}},
              {.name = "same", .cells = Numbers{2, 2, 2, 2, 2, 2}}})
      .value();
}

std::vector<StepReport> ReportsOf(const PipelineSettings& settings) {
  std::vector<StepReport> reports;
  const auto observe = [&](const StepTrace& trace) { reports.push_back(ReportStep(trace)); };
  EXPECT_TRUE(TransformPipeline::Fit(Shop(), settings, observe).ok());
  return reports;
}

TEST(FeaturesReportTest, ATableHasALineForEachColumn) {
  const std::string text = TableText("shop.csv", Shop());

  EXPECT_THAT(text, AllOf(HasSubstr("shop.csv: 6 rows, 3 columns"), HasSubstr("1 (16.7%)"),
                          HasSubstr("█              ▂"), HasSubstr("Acme 2, Bolt 2, 7 1"),
                          HasSubstr("mixed: 1 of 5 are numbers")));
}

TEST(FeaturesReportTest, AStepSaysWhatItLearnedAndWhatChanged) {
  const auto reports = ReportsOf(
      {.steps = {ImputeSettings{.columns = {.names = {"price", "same"}}, .is_marked = true}}});

  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(reports[0].changes.size(), 3u);  // The column "same" did not change.
  EXPECT_THAT(StepText(reports[0]),
              AllOf(HasSubstr("step 1: impute"), HasSubstr("price: median 1"),
                    HasSubstr("missing 1 -> 0, distinct 2, min 1"), HasSubstr("mean 2.6 -> 2.3333"),
                    HasSubstr("new: missing 0, distinct 2"), Not(HasSubstr("rows"))));
}

TEST(FeaturesReportTest, AStepSaysHowManyRowsWereLeftOut) {
  const auto reports = ReportsOf({.steps = {DeduplicateSettings{.keys = {"brand"}}}});

  EXPECT_THAT(StepText(reports.at(0)), HasSubstr("rows 6 -> 4"));
}

TEST(FeaturesReportTest, ColumnsWithGapsAreListed) {
  EXPECT_EQ(MissingText(Shop()), "price (1), brand (1)");
}

TEST(FeaturesReportTest, APipelineSaysWhatItWantsAndWhatItsStepsLearned) {
  const auto fitted = TransformPipeline::Fit(
      Shop(), {.steps = {ImputeSettings{.columns = {.names = {"price"}}},
                         ClipSettings{.columns = {.names = {"price"}}, .lower = 0, .upper = 1}},
               .target = "same",
               .missing = {"-"}});
  ASSERT_TRUE(fitted.ok()) << fitted.status();

  const auto json = nlohmann::json::parse(PipelineJson(fitted->pipeline));

  EXPECT_EQ(json["target"], "same");
  EXPECT_EQ(json["missing"], nlohmann::json({"-"}));
  EXPECT_EQ(json["columns"][1], nlohmann::json({{"name", "brand"}, {"kind", "texts"}}));
  EXPECT_EQ(json["steps"][0]["step"], 1);
  EXPECT_EQ(json["steps"][0]["learned"][0], "price: median 1");
  EXPECT_EQ(json["steps"][1]["kind"], "clip");
  EXPECT_THAT(
      PipelineText("p", fitted->pipeline),
      AllOf(HasSubstr("p: 2 steps on 3 columns\n"), HasSubstr("  same: numbers, the target\n"),
            HasSubstr("step 1: impute\n  price: median 1\n")));
}

TEST(FeaturesReportTest, JsonHoldsTheSameForScripts) {
  const auto reports = ReportsOf({.steps = {OneHotSettings{.columns = {.names = {"brand"}}}}});

  const auto json = nlohmann::json::parse(FeaturesJson(Shop(), reports));

  EXPECT_EQ(json["rows"], 6);
  EXPECT_EQ(json["columns"][0]["quantiles"]["0.5"], 1);
  EXPECT_EQ(json["columns"][1]["most_frequent"][0][0], "Acme");
  EXPECT_EQ(json["steps"][0]["kind"], "one_hot");
  EXPECT_EQ(json["steps"][0]["columns"].size(), 4u);  // One is gone, three are new.
}

}  // namespace
}  // namespace vitrine::cli
