#include "vitrine/lifecycle/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_format.h"
#include "lifecycle/small_shop.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Lt;
using ::testing::Not;
using testing::SmallShop;
using testing::StatusIs;

// Of 200 shoppers, each of whom likes mugs alone or lamps alone.
class GateTest : public ::testing::Test {
 protected:
  GateTest() {
    shop_.UpsertAllItems();
    shop_.RecordMore(2000, 200);
    good_ = shop_.Options();
    good_.models = {"item_knn"};
    good_.settings.clear();
    good_.blend.weights = {{"item_knn", 1}};
    // Shows everyone the same.
    bad_ = good_;
    bad_.models = {"most_popular"};
    bad_.settings = {{"most_popular", {{"category_mix", "0"}}}};
    bad_.blend.weights = {{"most_popular", 1}};
  }

  absl::StatusOr<TrainedModels> Train(const LifecycleOptions& options, const ModelSet* live) {
    ThreadPool pool(2);
    return TrainModels(shop_.store(), options, {.pool = &pool, .live = live}, {});
  }

  ModelSet Live(const LifecycleOptions& options) {
    ModelSet models = Train(options, nullptr)->models;
    models.version = "live";
    return models;
  }

  // Whether the first of the models knows anything that is like the item.
  bool FindsItemsLike(const std::string& item_id, const ModelSet& models) {
    const ItemIndex item = shop_.store().catalogue().Find(item_id).value();
    const Query query{.context_items = {&item, 1}, .now_us = shop_.clock().Now()};
    const Scorer& scorer = *models.models.front().scorer;
    return !scorer.Retrieve({&query, 1}, nullptr, 1).front().empty();
  }

  SmallShop shop_;
  LifecycleOptions good_;
  LifecycleOptions bad_;
};

TEST_F(GateTest, TheFirstTrainingHasNothingToBeHeldAgainst) {
  const ModelSet none;

  const auto trained = Train(bad_, &none);

  ASSERT_THAT(trained, IsOk());
  EXPECT_FALSE(trained->gate.has_value());
  EXPECT_FALSE(trained->models.models.empty());
}

TEST_F(GateTest, ABadModelIsRefusedWithTheNumbers) {
  const ModelSet live = Live(good_);
  LifecycleOptions options = bad_;
  options.blend.weights.clear();

  const auto trained = Train(options, &live);

  ASSERT_THAT(trained, IsOk());
  EXPECT_TRUE(trained->is_refused());
  EXPECT_THAT(trained->models.models, IsEmpty());
  const GateReport& gate = *trained->gate;
  EXPECT_EQ(gate.live_version, "live");
  EXPECT_GE(gate.num_users, 20u);
  EXPECT_LT(gate.candidate_accuracy, gate.live_accuracy);
  EXPECT_LT(gate.lowest_difference, gate.highest_difference);
  EXPECT_LT(gate.highest_difference, 0);
  EXPECT_THAT(gate.verdict, HasSubstr("less accurate beyond noise"));
}

TEST_F(GateTest, AnEqualModelPasses) {
  const ModelSet live = Live(good_);

  const auto trained = Train(good_, &live);

  ASSERT_THAT(trained, IsOk());
  ASSERT_TRUE(trained->gate.has_value());
  EXPECT_TRUE(trained->gate->is_passed) << trained->gate->verdict;
  EXPECT_EQ(trained->gate->lowest_difference, 0);
  EXPECT_EQ(trained->gate->highest_difference, 0);
  EXPECT_EQ(trained->gate->candidate_coverage, trained->gate->live_coverage);
}

// So it knows an item that only the latest events are about.
TEST_F(GateTest, WhatPassesIsFittedOnTheHeldOutEventsToo) {
  constexpr int kViews = 12;  // Of 2,012, of which 202 are held out.
  const ModelSet live = Live(good_);
  shop_.UpsertItem("new-mug", "mug that came last");
  for (int i = 0; i < kViews; ++i) {
    shop_.clock().Advance(kMicrosPerSecond);
    shop_.store()
        .Write(RecordEvents{{{.type = EventType::kDetailPageView,
                              .user_id = absl::StrFormat("shopper-%d", 2 * i),
                              .time_us = shop_.clock().Now(),
                              .items = {{.item_id = "new-mug"}}}}})
        .value();
  }

  const auto trained = Train(good_, &live);

  ASSERT_THAT(trained, IsOk());
  ASSERT_TRUE(trained->gate.has_value());
  EXPECT_TRUE(trained->gate->is_passed) << trained->gate->verdict;
  EXPECT_GT(trained->gate->num_users, 0u);
  EXPECT_FALSE(FindsItemsLike("new-mug", live));
  EXPECT_TRUE(FindsItemsLike("new-mug", trained->models));
}

TEST_F(GateTest, ABetterModelPasses) {
  const ModelSet live = Live(bad_);
  LifecycleOptions options = good_;
  options.blend.weights.clear();

  const auto trained = Train(options, &live);

  ASSERT_THAT(trained, IsOk());
  ASSERT_TRUE(trained->gate.has_value());
  EXPECT_TRUE(trained->gate->is_passed) << trained->gate->verdict;
  EXPECT_GT(trained->gate->lowest_difference, 0);
}

TEST_F(GateTest, WhatIsLiveIsTrainedAnewWhereItHasSeenTheAnswers) {
  ModelSet live = Live(good_);

  const auto seen = Train(good_, &live);
  live.trained_us = 1;  // Long before the shop's first event.
  const auto unseen = Train(good_, &live);

  ASSERT_THAT(seen, IsOk());
  ASSERT_THAT(unseen, IsOk());
  EXPECT_TRUE(seen->gate->is_live_refitted);
  EXPECT_FALSE(unseen->gate->is_live_refitted);
  // It was in fact trained on the answers, and knows them better than the candidate can.
  EXPECT_GT(unseen->gate->live_accuracy, seen->gate->live_accuracy);
}

TEST_F(GateTest, ACandidateThatShowsTooFewItemsIsRefused) {
  const ModelSet live = Live(good_);
  LifecycleOptions options = good_;
  options.gate.least_coverage = 1.01;

  const auto trained = Train(options, &live);

  ASSERT_THAT(trained, IsOk());
  EXPECT_TRUE(trained->is_refused());
  EXPECT_THAT(trained->gate->verdict, HasSubstr("covers less than 1.01"));
}

TEST_F(GateTest, WhatIsTrainedToBeHeldAgainstTellsNoLosses) {
  good_.models = {"gan_cf"};
  good_.blend.weights = {{"gan_cf", 1}};
  good_.settings = {{"gan_cf", {{"hidden", "8"}, {"epochs", "3"}}}};
  const ModelSet live = Live(good_);
  LifecycleOptions options = good_;
  options.settings["gan_cf"]["epochs"] = "2";
  options.gate.least_coverage = 1'000;  // That none can have.
  ThreadPool pool(2);
  TrainingContext context{.pool = &pool, .live = &live};
  std::vector<std::size_t> num_epochs;
  context.networks.on_learned = [&](const std::string&, const nn::TrainingReport& report) {
    num_epochs.push_back(report.epochs.size());
  };

  const auto trained = TrainModels(shop_.store(), options, context, {});

  ASSERT_THAT(trained, IsOk());
  EXPECT_TRUE(trained->is_refused());
  EXPECT_TRUE(trained->gate->is_live_refitted);
  EXPECT_THAT(num_epochs, AllOf(Not(IsEmpty()), Each(2U)));
}

TEST_F(GateTest, TooFewShoppersProveNothing) {
  const ModelSet live = Live(good_);
  LifecycleOptions options = bad_;
  options.blend.weights.clear();
  options.gate.least_users = 1'000;

  const auto trained = Train(options, &live);

  ASSERT_THAT(trained, IsOk());
  EXPECT_FALSE(trained->is_refused());
  EXPECT_EQ(trained->gate->num_users, 0u);
  EXPECT_THAT(trained->gate->verdict, HasSubstr("1000 are wanted"));
}

TEST_F(GateTest, WithTheGateOffNothingIsHeldAgainstAnything) {
  const ModelSet live = Live(good_);
  LifecycleOptions options = bad_;
  options.gate.is_on = false;

  const auto trained = Train(options, &live);

  ASSERT_THAT(trained, IsOk());
  EXPECT_FALSE(trained->gate.has_value());
}

TEST_F(GateTest, LiveModelsThatCannotBeMadeAnyMoreLetTheCandidatePass) {
  ModelSet live = Live(good_);
  live.models[0].settings["no_such_setting"] = "1";

  const auto trained = Train(good_, &live);

  ASSERT_THAT(trained, IsOk());
  EXPECT_FALSE(trained->is_refused());
  EXPECT_THAT(trained->gate->verdict, HasSubstr("no_such_setting"));
}

// A shop whose own placement asks a model that the blend does not.
class GateOfPlacementsTest : public GateTest {
 protected:
  GateOfPlacementsTest() {
    placements_ = *Placements::Open(shop_.files(), shop_.models_folder() + "-placements",
                                    {{.name = "mine", .weights = {{"most_popular", 1}}}});
    good_.placements = placements_.get();
    bad_ = good_;
    bad_.settings = {{"most_popular", {{"category_mix", "0"}}}};  // Everybody sees the same.
  }

  std::unique_ptr<Placements> placements_;
};

TEST_F(GateOfPlacementsTest, AWorseModelThatOnlyAPlacementAsksIsRefused) {
  const ModelSet live = Live(good_);

  const auto trained = Train(bad_, &live);

  ASSERT_THAT(trained, IsOk());
  EXPECT_TRUE(trained->is_refused());
  EXPECT_THAT(trained->models.models, IsEmpty());
  EXPECT_THAT(trained->gate->verdict,
              ::testing::StartsWith("most_popular, which placements ask by name: ndcg@20 is "));
  EXPECT_THAT(trained->gate->verdict, HasSubstr("less accurate beyond noise"));
  EXPECT_LT(trained->gate->candidate_accuracy, trained->gate->live_accuracy);
}

TEST_F(GateOfPlacementsTest, ABetterOnePassesAndTheVerdictHasItsNumbers) {
  const ModelSet live = Live(bad_);

  const auto trained = Train(good_, &live);

  ASSERT_THAT(trained, IsOk());
  EXPECT_FALSE(trained->is_refused()) << trained->gate->verdict;
  EXPECT_THAT(trained->gate->verdict, HasSubstr("; most_popular, which placements ask by name: "));
  EXPECT_EQ(trained->gate->lowest_difference, 0) << "the numbers are the blend's";
}

TEST_F(GateOfPlacementsTest, ItsTrainingIsReportedAsAStage) {
  const ModelSet live = Live(bad_);
  ThreadPool pool(2);
  std::vector<double> begun;

  const auto trained = TrainModels(shop_.store(), good_, {.pool = &pool, .live = &live},
                                   [&begun](std::string_view stage, double fraction) {
                                     if (stage == "train most_popular") begun.push_back(fraction);
                                   });

  ASSERT_THAT(trained, IsOk());
  EXPECT_THAT(begun, Contains(Lt(0.9))) << "for the gate";
  EXPECT_THAT(begun, Contains(Gt(0.9))) << "on all data";
}

TEST_F(GateOfPlacementsTest, OneThatWouldBeTheSameIsNotMeasured) {
  const ModelSet live = Live(good_);

  const auto trained = Train(good_, &live);

  ASSERT_THAT(trained, IsOk());
  EXPECT_FALSE(trained->is_refused());
  EXPECT_THAT(trained->gate->verdict, Not(HasSubstr("placements")));
}

TEST_F(GateOfPlacementsTest, OneThatWasTrainedBeforeTheTestPartIsAskedAsItIs) {
  ModelSet live = Live(good_);
  live.trained_us = 1;  // Long before the shop's first event.
  std::erase_if(live.models, [](const Model& model) { return model.name == "item_knn"; });

  const auto trained = Train(good_, &live);

  ASSERT_THAT(trained, IsOk());
  EXPECT_THAT(trained->gate->verdict, HasSubstr("most_popular, which placements ask by name: "));
}

// The same of a model with a label, whose settings are not those of its kind.
class GateOfLabelsTest : public GateTest {
 protected:
  GateOfLabelsTest() {
    placements_ = *Placements::Open(shop_.files(), shop_.models_folder() + "-placements",
                                    {{.name = "mine", .weights = {{"most_popular@mine", 1}}}});
    good_.placements = placements_.get();
    good_.settings = {{"most_popular@mine", {{"half_life_days", "9"}}}};
    bad_ = good_;
    bad_.settings = {{"most_popular@mine", {{"category_mix", "0"}}}};  // The same for everybody.
  }

  std::unique_ptr<Placements> placements_;
};

TEST_F(GateOfLabelsTest, OneThatWouldBeTheSameIsNotMeasured) {
  const ModelSet live = Live(good_);

  const auto trained = Train(good_, &live);

  ASSERT_THAT(trained, IsOk());
  EXPECT_FALSE(trained->is_refused());
  EXPECT_THAT(trained->gate->verdict, Not(HasSubstr("placements")));
}

TEST_F(GateOfLabelsTest, AWorseOneIsRefusedByItsName) {
  const ModelSet live = Live(good_);

  const auto trained = Train(bad_, &live);

  ASSERT_THAT(trained, IsOk());
  EXPECT_TRUE(trained->is_refused());
  EXPECT_THAT(trained->gate->verdict,
              ::testing::StartsWith("most_popular@mine, which placements ask by name: "));
}

TEST_F(GateTest, OfTwoLiveModelsOfOneKindEachIsTrainedAnewWithItsSettings) {
  good_.models = {"item_knn", "item_knn@one"};
  good_.settings = {{"item_knn@one", {{"neighbours", "1"}}}};
  good_.blend.weights = {{"item_knn", 1}, {"item_knn@one", 0.5}};
  const ModelSet live = Live(good_);
  LifecycleOptions options = good_;
  options.settings["item_knn"]["neighbours"] = "40";
  options.settings["item_knn@one"]["neighbours"] = "2";

  const auto changed = Train(options, &live);
  const auto same = Train(good_, &live);

  ASSERT_THAT(changed, IsOk());
  ASSERT_THAT(same, IsOk());
  EXPECT_TRUE(changed->gate->is_live_refitted);
  EXPECT_EQ(changed->gate->live_accuracy, same->gate->live_accuracy);
  EXPECT_EQ(same->gate->lowest_difference, 0);
  EXPECT_EQ(same->gate->highest_difference, 0);
}

TEST_F(GateTest, ACancelledTrainingEndsInTheGateToo) {
  const ModelSet live = Live(good_);
  ThreadPool pool(1);
  std::atomic<bool> is_cancelled = false;

  const auto trained = TrainModels(shop_.store(), good_,
                                   {.pool = &pool, .is_cancelled = &is_cancelled, .live = &live},
                                   [&](std::string_view stage, double) {
                                     if (stage == "evaluate live") is_cancelled = true;
                                   });

  EXPECT_THAT(trained, StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace vitrine
