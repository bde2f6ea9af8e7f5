// Several models of one kind: trained together, saved, loaded and served.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "lifecycle/lifecycle_fixture.h"
#include "lifecycle/small_shop.h"
#include "testing/status_matchers.h"
#include "vitrine/engine/pipeline.h"
#include "vitrine/scorers/collaborative/ials.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using testing::IsOk;
using ::testing::Key;
using testing::SmallShop;

const Model& Named(const std::string& name, const ModelSet& set) {
  const auto found = std::find_if(set.models.begin(), set.models.end(),
                                  [&](const Model& model) { return model.name == name; });
  EXPECT_NE(found, set.models.end()) << name;
  return found == set.models.end() ? set.models.front() : *found;
}

const Matrix& FactorsOf(const Model& model) {
  return static_cast<const Ials&>(*model.scorer).item_factors();
}

class NamedModelsTest : public LifecycleTest {
 protected:
  NamedModelsTest() : options_(shop_.Options()) {
    options_.models = {"ials", "ials@wide"};
    options_.settings = {{"ials", {{"dimensions", "4"}, {"epochs", "2"}}},
                         {"ials@wide", {{"dimensions", "8"}, {"epochs", "2"}}}};
    options_.blend.weights = {{"ials", 1}, {"ials@wide", 0.5}};
  }

  // That both are served, each as it was asked for, and both have a say.
  void ExpectBothAreServed() {
    const std::shared_ptr<const ModelSet> served = published_.Get();
    EXPECT_EQ(served->models.size(), 2 + SmallShop::kModelsOfPlacements);
    EXPECT_EQ(FactorsOf(Named("ials", *served)).cols(), 4);
    EXPECT_EQ(FactorsOf(Named("ials@wide", *served)).cols(), 8);
    EXPECT_EQ(Named("ials@wide", *served).kind, "ials");
    EXPECT_EQ(Named("ials@wide", *served).settings.at("dimensions"), "8");
    EXPECT_EQ(served->weights.at("ials@wide").weight, 0.5);
    const ItemIndex item{0};
    const Query query{.context_items = {&item, 1}, .now_us = shop_.clock().Now()};
    const auto list = Pipeline(served, options_.blend).Recommend({&query, 1}, nullptr, 5).front();
    ASSERT_FALSE(list.empty());
    EXPECT_NE(list.front().parts[0], 0);
    EXPECT_NE(list.front().parts[1], 0);
  }

  LifecycleOptions options_;
};

TEST_F(NamedModelsTest, TwoOfOneKindAreServedAndLoadedAtTheNextStart) {
  Start(options_);

  const std::string version = Train();

  ExpectBothAreServed();
  lifecycle_.reset();
  published_.Set(std::make_shared<const ModelSet>());
  Start(options_);
  EXPECT_EQ(Served(), version);
  ExpectBothAreServed();
}

TEST_F(NamedModelsTest, ALearnedBlendWeighsEachOfThem) {
  shop_.RecordMore(2000, 200);
  options_.models = {"most_popular", "item_knn", "item_knn@few"};
  options_.settings = {{"item_knn@few", {{"neighbours", "2"}}}};
  options_.blend.weights.clear();
  ThreadPool pool(2);

  const auto trained = TrainModels(shop_.store(), options_, {.pool = &pool}, {});

  ASSERT_THAT(trained, IsOk());
  EXPECT_EQ(Named("item_knn@few", trained->models).settings.at("neighbours"), "2");
  EXPECT_EQ(Named("item_knn", trained->models).settings.at("neighbours"), "50");
  EXPECT_THAT(trained->models.weights, Contains(Key("item_knn")));
  EXPECT_THAT(trained->models.weights, Contains(Key("item_knn@few")));
}

TEST_F(NamedModelsTest, EachGoesOnFromItsOwnLiveFactors) {
  for (auto& [name, settings] : options_.settings) {
    settings = {{"dimensions", "4"}, {"epochs", "2"}, {"start", "live"}, {"live_epochs", "0"}};
  }
  options_.settings["ials@wide"]["lambda"] = "0.1";
  options_.gate.is_on = false;
  ThreadPool pool(2);
  const ModelSet first = TrainModels(shop_.store(), options_, {.pool = &pool}, {})->models;

  const ModelSet second =
      TrainModels(shop_.store(), options_, {.pool = &pool, .live = &first}, {})->models;

  const auto likeness = [](const std::string& name, const ModelSet& set) {
    const Matrix& factors = FactorsOf(Named(name, set));
    return Matrix(factors * factors.transpose());
  };
  const float apart = (likeness("ials", first) - likeness("ials@wide", first)).norm();
  for (const char* const name : {"ials", "ials@wide"}) {
    EXPECT_LT((likeness(name, second) - likeness(name, first)).norm(), 0.01F * apart) << name;
  }
}

TEST_F(NamedModelsTest, ANewItemsTextReachesEachContentModel) {
  options_.models = {"content", "content@words"};
  options_.settings = {{"content@words", {{"meaning_weight", "0"}}}};
  options_.blend.weights = {{"content", 1}, {"content@words", 1}};
  Start(options_);
  Train();

  shop_.UpsertItem("new-mug", "mug with handle");

  const ItemIndex new_mug = *shop_.store().catalogue().Find("new-mug");
  const ItemIndex old_mug = *shop_.store().catalogue().Find(SmallShop::ItemId(0));
  const auto know_new_mug = [&] {
    const std::shared_ptr<const ModelSet> set = published_.Get();
    const Query query{.context_items = {&old_mug, 1}, .now_us = shop_.clock().Now()};
    return std::all_of(set->models.begin(), set->models.begin() + 2, [&](const Model& model) {
      Matrix score(1, 1);
      model.scorer->Score({&query, 1}, {&new_mug, 1}, score);
      return score(0, 0) > 0;
    });
  };
  EXPECT_TRUE(Eventually(know_new_mug));
  const std::shared_ptr<const ModelSet> served = published_.Get();
  EXPECT_EQ(Named("content@words", *served).settings.at("meaning_weight"), "0");
  EXPECT_EQ(Named("content", *served).settings.at("meaning_weight"), "0.25");
}

}  // namespace
}  // namespace vitrine
