#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "lifecycle/small_shop.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/lifecycle/lifecycle.h"
#include "vitrine/scorers/dnn/session_predictor.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Key;
using ::testing::Not;
using testing::SmallShop;
using testing::StatusIs;

class TrainModelsTest : public ::testing::Test {
 protected:
  absl::StatusOr<TrainedModels> Train(const LifecycleOptions& options) {
    ThreadPool pool(2);
    return TrainModels(shop_.store(), options, {.pool = &pool}, {});
  }

  SmallShop shop_;
};

TEST_F(TrainModelsTest, TrainsEveryModelAndMeasuresTheBlend) {
  shop_.UpsertAllItems();
  shop_.RecordMore(400);

  const auto trained = Train(shop_.Options());

  ASSERT_THAT(trained, IsOk());
  const ModelSet& set = trained->models;
  std::vector<std::string> names;
  for (const Model& model : set.models) names.push_back(model.name);
  EXPECT_THAT(names, ElementsAre("most_popular", "content", "item_knn", "ials", "bought_together",
                                 "repeat_purchase"));
  EXPECT_EQ(set.weights, UsualBlendWeights());  // Twelve shoppers teach no others.
  EXPECT_GT(set.metrics.at("ndcg@20"), 0);
  EXPECT_GT(set.metrics.at("test_users"), 0);
  EXPECT_EQ(set.metrics.at("events"), 400);
  EXPECT_EQ(set.trained_us, shop_.clock().Now());
  EXPECT_EQ(set.version, "");
  ASSERT_EQ(trained->item_ids.size(), static_cast<std::size_t>(SmallShop::kItems));
  EXPECT_EQ(trained->item_ids[3], shop_.store().catalogue().Id(ItemIndex{3}));
}

TEST_F(TrainModelsTest, LearnsTheWeightsFromEnoughShoppers) {
  shop_.UpsertAllItems();
  shop_.RecordMore(2000, 200);

  const auto trained = Train(shop_.Options());

  ASSERT_THAT(trained, IsOk());
  const ModelSet& set = trained->models;
  double total = 0;
  for (const auto& [model, weight] : set.weights) total += weight.weight;
  EXPECT_NEAR(total, 1, 1e-9);
  EXPECT_GT(set.weights.at("most_popular").weight, 0);
  EXPECT_GT(set.weights.at("content").weight, 0);
  EXPECT_EQ(set.trend.ln_by_item.size(), static_cast<std::size_t>(SmallShop::kItems));
}

// The complete example of a configuration has settings of all models there are.
TEST_F(TrainModelsTest, SettingsOfModelsThatAreNotTrainedDoNoHarm) {
  shop_.UpsertAllItems();
  shop_.RecordMore(400);
  LifecycleOptions options = shop_.Options();
  for (const Trainer& trainer : Trainers()) {
    options.settings.emplace(std::string(trainer.name), trainer.defaults);
  }

  const auto trained = Train(options);

  ASSERT_THAT(trained, IsOk());
  EXPECT_EQ(trained->models.models.size(),
            SmallShop::kUsualModels + SmallShop::kModelsOfPlacements);
}

TEST_F(TrainModelsTest, IsCalledOffWhereItTakesMoreMemoryThanItMay) {
  shop_.UpsertAllItems();
  shop_.RecordMore(2000, 200);
  LifecycleOptions options = shop_.Options();
  options.models = {"mf_contrastive"};
  options.settings = {{"mf_contrastive", {{"dimensions", "1024"}, {"epochs", "1000"}}}};
  options.memory_mb = 1;

  const absl::Status ended = Train(options).status();
  EXPECT_THAT(ended, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(std::string(ended.message()), HasSubstr("lifecycle.memory_mb allows 1:"));
}

// Otherwise it would be published without being measured, as in a shop that is too small.
TEST_F(TrainModelsTest, ADamagedCheckpointOfAnyPartEndsIt) {
  shop_.UpsertAllItems();
  shop_.RecordMore(2000, 200);
  LifecycleOptions options = shop_.Options();
  options.models = {"gan_cf"};
  options.settings = {{"gan_cf", {{"hidden", "8"}, {"epochs", "2"}}}};
  const testing::TemporaryFolder folder;
  const std::string damaged = folder / "damaged";
  ASSERT_THAT(WriteFileAtomically(LocalFileSystem(), damaged, "none"), IsOk());
  ThreadPool pool(2);
  TrainingContext context{.pool = &pool};
  bool is_first = true;
  context.networks.on_start = [&](const std::string&, nn::TrainingLoopOptions& loop) {
    if (std::exchange(is_first, false)) loop.checkpoint = damaged;
  };

  const absl::Status ended = TrainModels(shop_.store(), options, context, {}).status();

  EXPECT_THAT(ended, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_THAT(std::string(ended.message()), HasSubstr(damaged));
}

TEST_F(TrainModelsTest, ChoosesModelsWhereItIsAskedTo) {
  shop_.UpsertAllItems();
  shop_.RecordMore(2000, 200);
  LifecycleOptions options = shop_.Options();
  options.models = {std::string(kAutoName)};

  const auto trained = Train(options);

  ASSERT_THAT(trained, IsOk());
  const ModelSet& set = trained->models;
  ASSERT_GT(set.models.size(), SmallShop::kModelsOfPlacements);
  for (std::size_t m = 0; m + SmallShop::kModelsOfPlacements < set.models.size(); ++m) {
    EXPECT_GT(set.weights.at(set.models[m].name).weight, 0);
  }
  EXPECT_GT(set.metrics.at("ndcg@20"), 0);
}

TEST_F(TrainModelsTest, ChoosingOfTooLittleServesTheUsualModels) {
  shop_.UpsertAllItems();
  shop_.RecordMore(1);
  LifecycleOptions options = shop_.Options();
  options.models = {std::string(kAutoName)};

  const auto trained = Train(options);

  ASSERT_THAT(trained, IsOk());
  EXPECT_EQ(trained->models.models.size(),
            SmallShop::kUsualModels + SmallShop::kModelsOfPlacements);
  EXPECT_EQ(trained->models.weights, UsualBlendWeights());
}

TEST_F(TrainModelsTest, WeightsThatAreSaidAreNotLearned) {
  shop_.UpsertAllItems();
  shop_.RecordMore(400);
  LifecycleOptions options = shop_.Options();
  options.blend.weights = {{"ials", 2}};

  const auto trained = Train(options);

  ASSERT_THAT(trained, IsOk());
  EXPECT_EQ(trained->models.weights.at("ials"), BlendWeight{.weight = 2});
  EXPECT_EQ(trained->models.weights.at("item_knn"), BlendWeight());
}

TEST_F(TrainModelsTest, AStoreTooSmallToSplitIsTrainedWithoutBeingMeasured) {
  shop_.UpsertAllItems();
  shop_.RecordMore(1);

  const auto trained = Train(shop_.Options());

  ASSERT_THAT(trained, IsOk());
  EXPECT_EQ(trained->models.models.size(),
            SmallShop::kUsualModels + SmallShop::kModelsOfPlacements);
  EXPECT_THAT(trained->models.metrics, Not(Contains(Key("ndcg@20"))));
}

TEST_F(TrainModelsTest, AnEmptyStoreHasNothingToTrainOn) {
  EXPECT_THAT(Train(shop_.Options()), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(TrainModelsTest, ACatalogueWithoutEventsIsTrainedOn) {
  shop_.UpsertAllItems();

  const auto trained = Train(shop_.Options());

  ASSERT_THAT(trained, IsOk());
  EXPECT_EQ(trained->models.models.size(),
            SmallShop::kUsualModels + SmallShop::kModelsOfPlacements);
}

TEST_F(TrainModelsTest, WhatAPlacementNamesIsTrainedAndNotAskedByTheBlend) {
  shop_.UpsertAllItems();
  shop_.RecordMore(100);
  const auto placements = Placements::Open(
      shop_.files(), shop_.models_folder() + "-placements",
      {{.name = "mine", .weights = {{"rp3beta", 1}, {"rating_mf", 1}, {"trending", 1}}}});
  ASSERT_THAT(placements, IsOk());
  LifecycleOptions options = shop_.Options();
  options.placements = placements->get();

  const auto trained = Train(options);

  ASSERT_THAT(trained, IsOk());
  std::vector<std::string> names;
  for (const Model& model : trained->models.models) names.push_back(model.name);
  EXPECT_THAT(names, Contains("rp3beta"));
  EXPECT_THAT(names, Not(Contains("rating_mf"))) << "nobody rated anything";
  EXPECT_THAT(names, Not(Contains("trending"))) << "it is live";
  EXPECT_THAT(trained->models.weights, Not(Contains(Key("rp3beta"))));
}

TEST_F(TrainModelsTest, ALabelThatPlacementsAloneKnowIsTrainedWhereItHasSettings) {
  shop_.UpsertAllItems();
  shop_.RecordMore(100);
  const auto placements =
      Placements::Open(shop_.files(), shop_.models_folder() + "-placements",
                       {{.name = "mine", .weights = {{"rp3beta@few", 1}, {"rp3beta@else", 1}}}});
  ASSERT_THAT(placements, IsOk());
  LifecycleOptions options = shop_.Options();
  options.settings["rp3beta@few"] = {{"neighbours", "3"}};
  options.placements = placements->get();

  const auto trained = Train(options);

  ASSERT_THAT(trained, IsOk());
  std::vector<std::string> names;
  for (const Model& model : trained->models.models) names.push_back(model.name);
  EXPECT_THAT(names, Contains("rp3beta@few"));
  EXPECT_THAT(names, Not(Contains("rp3beta@else")));
  EXPECT_EQ(trained->models.models.back().settings.at("neighbours"), "3");
}

TEST_F(TrainModelsTest, WrongSettingsAreNamed) {
  shop_.UpsertAllItems();
  shop_.RecordMore(100);
  LifecycleOptions options = shop_.Options();
  options.settings["ials"]["dimensions"] = "many";

  const auto trained = Train(options);

  EXPECT_THAT(trained, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(trained.status().message()), HasSubstr("dimensions"));
}

TEST_F(TrainModelsTest, ReportsEveryStageAndNeverGoesBack) {
  shop_.UpsertAllItems();
  shop_.RecordMore(300);
  ThreadPool pool(1);
  double last = 0;
  std::set<std::string> stages;

  const auto trained = TrainModels(shop_.store(), shop_.Options(), {.pool = &pool},
                                   [&](std::string_view stage, double fraction) {
                                     stages.emplace(stage);
                                     EXPECT_GE(fraction, last - 1e-9) << stage;
                                     last = fraction;
                                   });

  ASSERT_THAT(trained, IsOk());
  EXPECT_THAT(stages, ElementsAre("evaluate blend", "learn blend", "snapshot",
                                  "train bought_together", "train content", "train ials",
                                  "train item_knn", "train most_popular", "train repeat_purchase"));
  EXPECT_GT(last, 0.9);
  EXPECT_LE(last, 1);
}

TEST_F(TrainModelsTest, StopsWhenCancelled) {
  shop_.UpsertAllItems();
  shop_.RecordMore(100);
  ThreadPool pool(1);
  std::atomic<bool> is_cancelled = false;

  const auto trained =
      TrainModels(shop_.store(), shop_.Options(), {.pool = &pool, .is_cancelled = &is_cancelled},
                  [&](std::string_view stage, double) { is_cancelled = stage == "train content"; });

  EXPECT_THAT(trained, StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(TrainModelsTest, TheNumberOfThreadsLeavesNoTraceInTheBundle) {
  shop_.UpsertAllItems();
  shop_.RecordMore(500);
  const BundleFolder folder = BundleFolder::Open(shop_.files(), shop_.models_folder()).value();
  std::vector<std::string> bundles;

  for (const std::size_t num_threads : {1, 3}) {
    ThreadPool pool(num_threads);
    auto trained = TrainModels(shop_.store(), shop_.Options(), {.pool = &pool}, {});
    ASSERT_THAT(trained, IsOk());
    trained->models.version = "v";
    ASSERT_THAT(folder.Publish(trained->models, trained->item_ids), IsOk());
    bundles.push_back(shop_.files().ReadFile(folder.PathOf("v")).value());
  }

  EXPECT_EQ(bundles[0], bundles[1]);
}

// Visits of a view, some with a cart, after which most order.
RecordEvents VisitsWithCarts(int count) {
  constexpr Micros kMinute = 60 * kMicrosPerSecond;
  Random random(3);
  RecordEvents events;
  for (int visit = 0; visit < count; ++visit) {
    Micros time = testing::FakeClock::kStart - (count - visit) * 60 * kMinute;
    const bool has_cart = random.Below(2) == 0;
    std::vector<EventType> types = {EventType::kDetailPageView};
    if (has_cart) types.push_back(EventType::kAddToCart);
    if (has_cart && random.Below(5) != 0) types.push_back(EventType::kPurchaseComplete);
    for (const EventType type : types) {
      events.events.push_back({.type = type,
                               .user_id = absl::StrFormat("shopper-%d", visit % 97),
                               .time_us = time += kMinute,
                               .items = {{.item_id = SmallShop::ItemId(visit % 20)}}});
    }
  }
  return events;
}

TEST_F(TrainModelsTest, APurchasePredictorIsTrainedWhereItIsAskedFor) {
  shop_.UpsertAllItems();
  ASSERT_THAT(shop_.store().Write(VisitsWithCarts(900)), IsOk());
  LifecycleOptions options = shop_.Options();
  options.models = {"most_popular"};
  options.settings.clear();
  EXPECT_EQ(Train(options)->models.purchases.predictor, nullptr);
  options.has_purchase_predictor = true;
  options.purchase_settings = {
      {"hidden", "8"}, {"dimensions", "8"}, {"epochs", "30"}, {"learning_rate", "0.01"}};

  const auto trained = Train(options);

  ASSERT_THAT(trained, IsOk());
  const PurchaseModel& purchases = trained->models.purchases;
  ASSERT_NE(purchases.predictor, nullptr);
  const std::map<std::string, double>& metrics = trained->models.metrics;
  EXPECT_TRUE(purchases.predictor->IsLive(PurchaseHead::kSession))
      << ::testing::PrintToString(metrics);
  EXPECT_EQ(purchases.settings.at("epochs"), "30");
  EXPECT_LT(metrics.at("purchase.session.log_loss"), metrics.at("purchase.session.base_log_loss"));
}

TEST_F(TrainModelsTest, AShopThatIsTooSmallForAPurchasePredictorIsTrainedWithout) {
  shop_.UpsertAllItems();
  shop_.RecordMore(6);
  LifecycleOptions options = shop_.Options();
  options.models = {"most_popular"};
  options.settings.clear();
  options.has_purchase_predictor = true;

  const auto trained = Train(options);

  ASSERT_THAT(trained, IsOk());
  EXPECT_EQ(trained->models.purchases.predictor, nullptr);
  EXPECT_EQ(trained->models.models.size(), 1 + SmallShop::kModelsOfPlacements);
}

}  // namespace
}  // namespace vitrine
