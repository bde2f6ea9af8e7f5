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
  EXPECT_THAT(ErrorOf("blend", "models=ials,ease,ials"),
              AllOf(HasSubstr("names ials twice"), HasSubstr("ials,ials@wide")));
  EXPECT_THAT(CheckScorer("auto"), IsOk());
}

TEST(EvaluationSettingsTest, SeveralOfOneKindHaveLabelsAndSettingsOfTheirOwn) {
  ComparisonOptions options;

  ASSERT_THAT(
      ApplySettings("blend",
                    {"models=graph_filter,graph_filter@linear", "graph_filter@linear.filter=linear",
                     "graph_filter.neighbours=100", "weights.graph_filter@linear=0.5"},
                    options),
      IsOk());

  EXPECT_EQ(options.models, (std::vector<std::string>{"graph_filter", "graph_filter@linear"}));
  EXPECT_EQ(options.settings.at("graph_filter"), (Settings{{"neighbours", "100"}}));
  EXPECT_EQ(options.settings.at("graph_filter@linear"), (Settings{{"filter", "linear"}}));
  EXPECT_EQ(options.blend.weights.at("graph_filter@linear"), 0.5);
  EXPECT_FALSE(options.blend.weights.contains("graph_filter"));
}

TEST(EvaluationSettingsTest, AScorerWithALabelHasTheSettingsOfItsKind) {
  ComparisonOptions options;

  EXPECT_THAT(CheckScorer("ials@wide"), IsOk());
  ASSERT_THAT(ApplySettings("ials@wide", {"dimensions=128"}, options), IsOk());

  EXPECT_EQ(options.settings.at("ials@wide"), (Settings{{"dimensions", "128"}}));
  EXPECT_FALSE(options.settings.contains("ials"));
  EXPECT_THAT(ErrorOf("ials@wide", "dimension=1"), HasSubstr("did you mean dimensions"));
}

TEST(EvaluationSettingsTest, AWrongLabelIsToldWhatALabelIs) {
  const std::string wanted = "1 to 32 of a-z, 0-9 and _";
  EXPECT_THAT(ErrorOf("blend", "models=ials@Wide"), HasSubstr(wanted));
  EXPECT_THAT(ErrorOf("blend", "ials@.dimensions=8"), HasSubstr(wanted));
  EXPECT_THAT(ErrorOf("blend", "weights.ials@a-b=1"), HasSubstr(wanted));
  EXPECT_THAT(ErrorOf("blend", "models=als@wide"), HasSubstr("did you mean ials"));
  EXPECT_THAT(ErrorOf("blend", "models=deep_ranker@second"), HasSubstr("write deep_ranker"));
  EXPECT_THAT(std::string(CheckScorer("blend@second").message()), HasSubstr("write blend"));
  EXPECT_THAT(std::string(CheckScorer("ials@Wide").message()), HasSubstr(wanted));
}

TEST(EvaluationSettingsTest, ASettingOfALabelThatIsNotBlendedIsAnError) {
  EXPECT_THAT(ErrorOf("blend", "ials@wide.epochs=3"), HasSubstr("is not among the models"));
  EXPECT_THAT(ErrorOf("auto", "ials@wide.epochs=3"), HasSubstr("have no labels"));
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

TEST(EvaluationSettingsTest, ADroppedKindTakesItsModelsAndTheirSettingsAlong) {
  ComparisonOptions options;
  options.models.emplace_back("content@words");
  options.settings["content"] = {{"min_items", "2"}};
  options.settings["content@words"] = {{"meaning_weight", "0"}};

  DropKind("content", options);

  EXPECT_THAT(options.models, UnorderedElementsAre("most_popular", "item_knn", "ials"));
  EXPECT_TRUE(options.settings.empty());
}

}  // namespace
}  // namespace vitrine::cli
