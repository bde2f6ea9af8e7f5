#include "cli/evaluation_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/status_matchers.h"

namespace vitrine::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;
using ::vitrine::testing::IsOk;

std::string ErrorOf(const std::string& scorer, const std::string& setting) {
  ComparisonOptions options;
  const absl::Status status = ApplySettings(scorer, {setting}, options);
  EXPECT_FALSE(status.ok()) << setting;
  return std::string(status.message());
}

TEST(EvaluationSettingsTest, SetsTheScorersOwnSettings) {
  ComparisonOptions options;

  ASSERT_THAT(ApplySettings("ials", {"dimensions=128", "seed=7"}, options), IsOk());

  EXPECT_EQ(options.settings.at("ials"), (Settings{{"dimensions", "128"}, {"seed", "7"}}));
}

TEST(EvaluationSettingsTest, SetsTheBlendsModelsAndWeights) {
  ComparisonOptions options;

  ASSERT_THAT(ApplySettings("blend",
                            {"ials.dimensions=32", "weights.item_knn=0.25", "cold_start_events=0",
                             "candidates_per_model=500"},
                            options),
              IsOk());

  EXPECT_EQ(options.settings.at("ials").at("dimensions"), "32");
  EXPECT_EQ(options.blend.weights.at("item_knn"), 0.25);
  EXPECT_EQ(options.blend.cold_start_events, 0);
  EXPECT_EQ(options.blend.candidates_per_model, 500U);
}

TEST(EvaluationSettingsTest, AWeightStandsBesideTheUsualOnesAndNothingIsLearned) {
  ComparisonOptions options;

  ASSERT_THAT(ApplySettings("blend", {"weights.ease=0.25"}, options), IsOk());

  EXPECT_EQ(options.blend.weights.size(), UsualBlendWeights().size() + 1);
  EXPECT_EQ(options.blend.weights.at("ials"), UsualBlendWeights().at("ials").weight);
}

TEST(EvaluationSettingsTest, ASettingOfAModelThatIsNotBlendedIsAnError) {
  EXPECT_THAT(ErrorOf("blend", "bpr.epochs=3"),
              AllOf(HasSubstr("bpr.epochs"), HasSubstr("most_popular, content, item_knn, ials")));
  ComparisonOptions options;
  EXPECT_THAT(ApplySettings("blend", {"bpr.epochs=3", "models=bpr,ials"}, options), IsOk());
  EXPECT_THAT(ApplySettings("auto", {"bpr.epochs=3"}, options), IsOk());  // It may choose it.
}

TEST(EvaluationSettingsTest, NamesTheModelsToBlend) {
  ComparisonOptions options;

  ASSERT_THAT(ApplySettings("blend", {"models=ease,rp3beta"}, options), IsOk());

  EXPECT_EQ(options.models, (std::vector<std::string>{"ease", "rp3beta"}));
  EXPECT_TRUE(options.blend.weights.empty());
  EXPECT_THAT(ErrorOf("blend", "models=ease,als"), HasSubstr("did you mean ials"));
  EXPECT_THAT(ErrorOf("blend", "models="), HasSubstr("names none"));
  EXPECT_THAT(CheckScorer("auto"), IsOk());
}

TEST(EvaluationSettingsTest, AnUnknownScorerIsNamedWithThoseThereAre) {
  EXPECT_THAT(CheckScorer("ials"), IsOk());
  EXPECT_THAT(CheckScorer("blend"), IsOk());
  EXPECT_THAT(std::string(CheckScorer("als").message()),
              AllOf(HasSubstr("did you mean ials"), HasSubstr("most_popular"), HasSubstr("blend")));
}

TEST(EvaluationSettingsTest, AnUnknownSettingIsNamedWithThoseThereAre) {
  EXPECT_THAT(ErrorOf("ials", "dimension=1"),
              AllOf(HasSubstr("did you mean dimensions"), HasSubstr("epochs")));
  EXPECT_THAT(ErrorOf("blend", "dimensions=1"), HasSubstr("MODEL.setting"));
  EXPECT_THAT(ErrorOf("blend", "als.dimensions=1"), HasSubstr("did you mean ials"));
  EXPECT_THAT(ErrorOf("blend", "weights.als=1"), HasSubstr("did you mean ials"));
}

TEST(EvaluationSettingsTest, AValueOutOfRangeSaysWhatIsWanted) {
  EXPECT_THAT(ErrorOf("ials", "dimensions=0"), HasSubstr("dimensions"));
  EXPECT_THAT(ErrorOf("ials", "dimensions=many"), HasSubstr("many"));
  EXPECT_THAT(ErrorOf("blend", "weights.ials=-1"), HasSubstr("from 0 to 1000"));
  EXPECT_THAT(ErrorOf("blend", "cold_start_events=x"), HasSubstr("wants a number"));
  EXPECT_THAT(ErrorOf("ials", "dimensions"), HasSubstr("key=value"));
}

TEST(EvaluationSettingsTest, ADroppedModelTakesItsSettingsAlong) {
  ComparisonOptions options;
  options.settings["content"] = {{"min_items", "2"}};

  DropModel("content", options);

  EXPECT_THAT(options.models, UnorderedElementsAre("most_popular", "item_knn", "ials"));
  EXPECT_FALSE(options.settings.contains("content"));
}

}  // namespace
}  // namespace vitrine::cli
