#include "lifecycle/kept_blend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lifecycle/small_shop.h"
#include "testing/status_matchers.h"
#include "vitrine/engine/rank_stage.h"
#include "vitrine/models/bundle.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using testing::IsOk;
using ::testing::Key;
using ::testing::Not;
using testing::SmallShop;

// Of 200 shoppers, who teach a blend; two trainings share one.
class KeptBlendTest : public ::testing::Test {
 protected:
  KeptBlendTest() {
    shop_.UpsertAllItems();
    shop_.RecordMore(2000, 200);
    options_ = shop_.Options();
    options_.learn_blend_every = 2;
    options_.gate.is_on = false;
  }

  // Trains after some more events, and leaves the stages in stages_, in order.
  ModelSet Train(const ModelSet* live) {
    shop_.RecordMore(100, 200);
    stages_.clear();
    ThreadPool pool(2);
    auto trained = TrainModels(shop_.store(), options_, {.pool = &pool, .live = live},
                               [this](std::string_view stage, double) {
                                 if (stages_.empty() || stages_.back() != stage) {
                                   stages_.emplace_back(stage);
                                 }
                               });
    EXPECT_THAT(trained, IsOk());
    gate_ = trained->gate;
    item_ids_ = trained->item_ids;
    ModelSet models = std::move(trained->models);
    models.version = "v" + std::to_string(++num_versions_);
    return models;
  }

  // On how many parts the training that ended last trained a model that always has a weight.
  auto NumParts() const { return std::count(stages_.begin(), stages_.end(), "train most_popular"); }

  SmallShop shop_;
  LifecycleOptions options_;
  std::vector<std::string> stages_;
  std::optional<GateReport> gate_;
  std::vector<std::string> item_ids_;
  int num_versions_ = 0;
};

void ExpectSameBlend(const ModelSet& left, const ModelSet& right) {
  EXPECT_EQ(left.weights, right.weights);
  EXPECT_EQ(left.cold_start_events, right.cold_start_events);
  EXPECT_EQ(left.trend.power, right.trend.power);
  EXPECT_EQ(left.trend.half_life_days, right.trend.half_life_days);
}

TEST_F(KeptBlendTest, TheFirstTrainingLearnsItTheSecondKeepsItAndTheThirdLearnsAnew) {
  const ModelSet first = Train(nullptr);
  EXPECT_THAT(stages_, Contains("learn blend"));
  EXPECT_EQ(NumParts(), 3);
  EXPECT_EQ(first.metrics.at("blend_age"), 0);

  const ModelSet second = Train(&first);
  ExpectSameBlend(second, first);
  EXPECT_THAT(stages_, Contains("keeps the blend of v1"));
  EXPECT_THAT(stages_, Not(Contains("learn blend")));
  EXPECT_EQ(NumParts(), 2) << "on the train part and on all";
  EXPECT_EQ(second.metrics.at("blend_age"), 1);
  EXPECT_GT(second.metrics.at("ndcg@20"), 0);
  EXPECT_NE(second.dataset_fingerprint, first.dataset_fingerprint);

  const ModelSet third = Train(&second);
  EXPECT_THAT(stages_, Contains("learn blend"));
  EXPECT_EQ(NumParts(), 3);
  EXPECT_EQ(third.metrics.at("blend_age"), 0);
}

TEST_F(KeptBlendTest, ItIsHeldAgainstLiveLikeAnyOther) {
  options_.gate.is_on = true;
  const ModelSet first = Train(nullptr);

  Train(&first);

  ASSERT_TRUE(gate_.has_value());
  EXPECT_TRUE(gate_->is_passed) << gate_->verdict;
  EXPECT_TRUE(gate_->is_live_refitted);
  EXPECT_EQ(gate_->candidate_accuracy, gate_->live_accuracy) << "the same models in one blend";
}

TEST_F(KeptBlendTest, ChangedSettingsModelsOrOptionsAreAnotherQuestion) {
  const ModelSet live = Train(nullptr);
  ASSERT_TRUE(BlendToKeep(&live, options_).has_value());
  LifecycleOptions settings = options_;
  settings.settings["ials"]["epochs"] = "3";
  LifecycleOptions models = options_;
  models.models.emplace_back("rp3beta");
  LifecycleOptions blend = options_;
  blend.blend.candidates_per_model = 50;
  LifecycleOptions part = options_;
  part.test_fraction = 0.2;
  LifecycleOptions said = options_;
  said.blend.weights = {{"ials", 1}};

  for (const LifecycleOptions* other : {&settings, &models, &blend, &part, &said}) {
    EXPECT_FALSE(BlendToKeep(&live, *other).has_value());
  }
}

TEST_F(KeptBlendTest, SettingsOfALabelAreAskedByItsName) {
  options_.models = {"most_popular", "item_knn", "item_knn@few"};
  options_.settings = {{"item_knn@few", {{"neighbours", "2"}}}};
  const ModelSet live = Train(nullptr);
  const std::optional<LearnedBlend> kept = BlendToKeep(&live, options_);
  ASSERT_TRUE(kept.has_value());
  for (const Model& model : live.models) {
    const auto settings = kept->settings.find(model.name);
    if (settings == kept->settings.end()) continue;  // It has no weight.
    EXPECT_EQ(settings->second, model.settings) << model.name;
  }

  options_.settings["item_knn@few"]["neighbours"] = "3";

  EXPECT_FALSE(BlendToKeep(&live, options_).has_value());
}

TEST_F(KeptBlendTest, ADefaultThatIsSaidAndAModelThatIsNotAskedAreNoOtherQuestion) {
  const ModelSet live = Train(nullptr);
  options_.settings["item_knn"] = FindTrainer("item_knn")->defaults;
  options_.settings["rp3beta"] = FindTrainer("rp3beta")->defaults;

  EXPECT_TRUE(BlendToKeep(&live, options_).has_value());
}

TEST_F(KeptBlendTest, ChangedSettingsAreLearnedWith) {
  const ModelSet first = Train(nullptr);
  options_.settings["ials"]["epochs"] = "3";

  const ModelSet second = Train(&first);

  EXPECT_THAT(stages_, Contains("learn blend"));
  EXPECT_EQ(second.metrics.at("blend_age"), 0);
  EXPECT_NE(second.blend_question, first.blend_question);
}

TEST_F(KeptBlendTest, ASetThatDoesNotSayWhenItWasLearnedIsLearnedAnew) {
  options_.learn_blend_every = 1;
  const ModelSet first = Train(nullptr);
  EXPECT_THAT(first.metrics, Not(Contains(Key("blend_age"))));
  EXPECT_EQ(first.blend_question, 0u);
  options_.learn_blend_every = 2;

  const ModelSet second = Train(&first);

  EXPECT_THAT(stages_, Contains("learn blend"));
  EXPECT_EQ(second.metrics.at("blend_age"), 0);
}

TEST_F(KeptBlendTest, NothingLiveNothingKept) {
  const ModelSet none;

  EXPECT_FALSE(BlendToKeep(nullptr, options_).has_value());
  EXPECT_FALSE(BlendToKeep(&none, options_).has_value());
}

TEST_F(KeptBlendTest, ItIsKeptOverARestart) {
  const ModelSet saved = Train(nullptr);
  const std::string path = shop_.models_folder() + "-kept";
  ASSERT_THAT(SaveBundle(shop_.files(), path, saved, item_ids_), IsOk());

  const auto loaded =
      LoadBundle(shop_.files(), path, SmallShop::kItems,
                 [this](std::string_view id) { return shop_.store().catalogue().Find(id); });

  ASSERT_THAT(loaded, IsOk());
  const std::optional<LearnedBlend> kept = BlendToKeep(&*loaded, options_);
  ASSERT_TRUE(kept.has_value());
  EXPECT_EQ(kept->weights, saved.weights);
}

// The choice of models and their settings are kept with the weights.
TEST_F(KeptBlendTest, ModelsThatWereChosenStayChosen) {
  options_.models = {std::string(kAutoName)};
  options_.settings.clear();
  const ModelSet first = Train(nullptr);

  const ModelSet second = Train(&first);

  EXPECT_THAT(stages_, Contains("keeps the blend of v1"));
  ExpectSameBlend(second, first);
  ASSERT_EQ(second.models.size(), first.models.size());
  for (std::size_t m = 0; m < first.models.size(); ++m) {
    EXPECT_EQ(second.models[m].name, first.models[m].name);
    EXPECT_EQ(second.models[m].settings, first.models[m].settings);
  }
}

TEST_F(KeptBlendTest, ARankerStaysAsItLearnedAndIsMeasuredSo) {
  options_.models = {"most_popular", "item_knn", std::string(kRankerName)};
  options_.settings = {{std::string(kRankerName), {{"networks", "2"}, {"epochs", "3"}}}};
  const ModelSet first = Train(nullptr);
  ASSERT_NE(RankerOf(first), nullptr);

  const ModelSet second = Train(&first);

  EXPECT_THAT(stages_, Contains("keeps the blend of v1"));
  ASSERT_NE(RankerOf(second), nullptr);
  EXPECT_EQ(RankerOf(second)->learned(), RankerOf(first)->learned());
}

}  // namespace
}  // namespace vitrine
