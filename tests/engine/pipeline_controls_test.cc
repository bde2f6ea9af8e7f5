// How the making of a list is cut short and watched.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "testing/fake_scorer.h"
#include "vitrine/engine/pipeline.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using vitrine::testing::MakeFakeModel;

std::shared_ptr<const ModelSet> ControlledSet(std::vector<Model> models) {
  auto set = std::make_shared<ModelSet>();
  set->models = std::move(models);
  return set;
}

std::vector<std::uint32_t> RowsOfList(const std::vector<BlendedItem>& items) {
  std::vector<std::uint32_t> rows;
  for (const BlendedItem& item : items) rows.push_back(static_cast<std::uint32_t>(item.item));
  return rows;
}

// True from question `count` on, counted from 0.
PipelineControls LateAt(int count) {
  PipelineControls controls;
  controls.is_late = [count]() mutable { return --count < 0; };
  return controls;
}

// a and b agree on nothing; each finds two of five.
Pipeline TwoModels(std::size_t whole) {
  return Pipeline(
      ControlledSet({MakeFakeModel("a", ModelFamily::kBehaviour, {1, 0.5F, 4, 2, 0.5F}),
                     MakeFakeModel("b", ModelFamily::kBehaviour, {8, 1, 1, 1, 6})}),
      {.weights = {{"a", 1}, {"b", 1}}, .candidates_per_model = 2, .whole_catalogue_items = whole});
}

TEST(PipelineControlsTest, OfAWholeCatalogueModelsThatComeTooLateSayNothing) {
  const Query query;
  const ItemBitmap allowed(5, true);

  const auto none = TwoModels(5).Recommend({&query, 1}, &allowed, 5, LateAt(0)).front();
  const auto one = TwoModels(5).Recommend({&query, 1}, &allowed, 5, LateAt(1)).front();

  EXPECT_THAT(none, IsEmpty());
  ASSERT_THAT(RowsOfList(one), ElementsAre(2, 3, 0, 1, 4));
  EXPECT_THAT(one[0].parts, ElementsAre(1, 0));
  EXPECT_FLOAT_EQ(one[1].score, 0.5F);
}

TEST(PipelineControlsTest, ALateModelIsNeitherRetrievedFromNorAsked) {
  const Query query;

  const auto none = TwoModels(0).Recommend({&query, 1}, nullptr, 1, LateAt(0)).front();
  const auto one = TwoModels(0).Recommend({&query, 1}, nullptr, 2, LateAt(1)).front();

  EXPECT_THAT(none, IsEmpty());
  ASSERT_THAT(RowsOfList(one), ElementsAre(2, 3));  // What a found, by its own scores.
  EXPECT_THAT(one[0].parts, ElementsAre(1, 0));
  EXPECT_THAT(one[1].parts, ElementsAre(0.5F, 0));
}

TEST(PipelineControlsTest, WhoHasRetrievedButComesTooLateToScoreSaysWhatItFound) {
  const Query query;

  // Both retrieve, a: 2 and 3, b: 0 and 4. Then a scores all four, and b is late.
  const auto list = TwoModels(0).Recommend({&query, 1}, nullptr, 1, LateAt(3)).front();
  ASSERT_THAT(RowsOfList(list), ElementsAre(0));
  EXPECT_THAT(list[0].parts, ElementsAre(0.25F, 1));

  // Neither scores.
  const auto found =
      TwoModels(0).Rank(query, std::vector{ItemIndex{2}, ItemIndex{4}}, nullptr, LateAt(2));
  EXPECT_THAT(found[0].parts, ElementsAre(1, 0));
  EXPECT_THAT(found[1].parts, ElementsAre(0, 0.75F));
}

TEST(PipelineControlsTest, TellsWhoListensWhichModelsWereLeftOut) {
  const Query query;
  std::vector<std::string> left_out;
  PipelineControls controls = LateAt(3);  // As above: b does not score.
  controls.on_left_out = [&left_out](std::string_view model) { left_out.emplace_back(model); };

  TwoModels(0).Recommend({&query, 1}, nullptr, 1, controls);

  EXPECT_THAT(left_out, ElementsAre("b"));
}

TEST(PipelineControlsTest, TellsWhoListensWhatEachStepFound) {
  const Query query;
  std::vector<std::string> steps;
  PipelineControls controls;
  controls.on_step = [&steps](std::string_view step, std::string_view model, std::size_t count,
                              double micros) {
    EXPECT_GE(micros, 0);
    steps.push_back(std::string(step) + " " + std::string(model) + " " + std::to_string(count));
  };

  TwoModels(0).Recommend({&query, 1}, nullptr, 1, controls);

  EXPECT_THAT(steps,
              ElementsAre("retrieve a 2", "retrieve b 2", "score a 4", "score b 4", "blend  4"));
}

}  // namespace
}  // namespace vitrine
