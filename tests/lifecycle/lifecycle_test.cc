#include "vitrine/lifecycle/lifecycle.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "lifecycle/lifecycle_fixture.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::SmallShop;
using testing::StatusIs;
using State = TrainingProgress::State;

TEST_F(LifecycleTest, WithoutABundleNothingIsServedAndNothingFails) {
  Start();

  EXPECT_EQ(Served(), "");
  EXPECT_THAT(lifecycle_->ListVersions()->bundles, IsEmpty());
}

TEST_F(LifecycleTest, ATrainingEndsInAServedVersionThatTheNextStartLoads) {
  Start();

  const std::string version = Train();

  EXPECT_EQ(Served(), version);
  EXPECT_EQ(published_.Get()->models.size(),
            SmallShop::kUsualModels + SmallShop::kModelsOfPlacements);
  const auto versions = lifecycle_->ListVersions();
  ASSERT_THAT(versions, IsOk());
  EXPECT_EQ(versions->live, version);
  ASSERT_EQ(versions->bundles.size(), 1u);
  EXPECT_GT(versions->bundles[0].metrics.at("ndcg@20"), 0);
  Restart();
  EXPECT_EQ(Served(), version);
}

TEST_F(LifecycleTest, WhatIsServedHoldsNoVectorsOfShoppers) {
  LifecycleOptions options = shop_.Options();
  options.models = {"bpr"};
  options.settings = {{"bpr", {{"dimensions", "4"}, {"epochs", "1"}}}};
  Start(options);

  Train();

  const auto served = published_.Get();
  ASSERT_EQ(served->models.size(), 1 + SmallShop::kModelsOfPlacements);
  EXPECT_EQ(served->models[0].name, "bpr");
  EXPECT_EQ(served->models[0].as_paper, nullptr);
}

TEST_F(LifecycleTest, ProgressSaysWhatHappened) {
  Start();
  const TrainingProgress started = *lifecycle_->StartTraining(/*skips_gate=*/false);
  EXPECT_EQ(started.state, State::kRunning);
  EXPECT_EQ(started.finished_us, 0);

  const TrainingProgress done = Finish(started.id);

  EXPECT_EQ(done.fraction, 1);
  EXPECT_EQ(done.stage, "publish");
  EXPECT_EQ(done.started_us, started.started_us);
  EXPECT_GT(done.finished_us, 0);
  EXPECT_NE(Train(), done.version);
}

TEST_F(LifecycleTest, TwoRequestsAtOnceShareOneTraining) {
  LifecycleOptions options = shop_.Options();
  options.settings["ials"]["epochs"] = "200";
  Start(options);

  const std::string first = lifecycle_->StartTraining(/*skips_gate=*/false)->id;

  EXPECT_EQ(lifecycle_->StartTraining(/*skips_gate=*/false)->id, first);
}

TEST_F(LifecycleTest, AnUnknownTrainingIsNotFound) {
  Start();

  EXPECT_THAT(lifecycle_->GetTraining("training-1"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(LifecycleTest, OnlyTheLastFiftyTrainingsAreKept) {
  LifecycleOptions options = shop_.Options();
  options.settings["ials"]["dimensions"] = "-1";  // Fails at once.
  Start(options);

  for (int run = 0; run < 51; ++run)
    (void)Finish(lifecycle_->StartTraining(/*skips_gate=*/false)->id);

  EXPECT_THAT(lifecycle_->GetTraining("training-1"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(lifecycle_->GetTraining("training-2"), IsOk());
}

TEST_F(LifecycleTest, AFailedTrainingSaysWhyAndChangesNothing) {
  Start();
  const std::string version = Train();
  LifecycleOptions options = shop_.Options();
  options.settings["ials"]["dimensions"] = "-1";
  Start(options);

  const TrainingProgress done = Finish(lifecycle_->StartTraining(/*skips_gate=*/false)->id);

  EXPECT_EQ(done.state, State::kFailed);
  EXPECT_THAT(done.error, HasSubstr("dimensions"));
  EXPECT_EQ(Served(), version);
}

TEST_F(LifecycleTest, AFullDiskFailsTheTrainingAndKeepsWhatIsServed) {
  Start();
  const std::string version = Train();
  shop_.files().FillDiskAfter(1000);

  const TrainingProgress done = Finish(lifecycle_->StartTraining(/*skips_gate=*/false)->id);

  shop_.files().MakeRoom();
  EXPECT_EQ(done.state, State::kFailed);
  EXPECT_EQ(Served(), version);
  Restart();
  EXPECT_EQ(Served(), version);
}

TEST_F(LifecycleTest, AModelWithoutATrainerIsRefusedAtStart) {
  LifecycleOptions options = shop_.Options();
  options.models.push_back("oracle");

  EXPECT_THAT(
      Lifecycle::Start(shop_.store(), shop_.files(), shop_.models_folder(), published_, options),
      StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(LifecycleTest, ANewItemsTextReachesTheContentModelWithoutATraining) {
  Start();
  const std::string version = Train();

  shop_.UpsertItem("new-mug", "mug with handle");
  const ItemIndex new_mug = *shop_.store().catalogue().Find("new-mug");
  const ItemIndex old_mug = *shop_.store().catalogue().Find(SmallShop::ItemId(0));
  const auto knows_new_mug = [&] {
    const std::shared_ptr<const ModelSet> set = published_.Get();
    const Query query{.context_items = {&old_mug, 1}, .now_us = shop_.clock().Now()};
    Matrix score(1, 1);
    set->models[1].scorer->Score({&query, 1}, {&new_mug, 1}, score);
    return score(0, 0) > 0;
  };

  EXPECT_TRUE(Eventually(knows_new_mug));
  EXPECT_EQ(Served(), version);
  EXPECT_EQ(published_.Get()->models[1].name, "content");
  EXPECT_EQ(published_.Get()->models.size(),
            SmallShop::kUsualModels + SmallShop::kModelsOfPlacements);
}

TEST_F(LifecycleTest, AVersionsContentModelIsMadeAnewOnlyForAnotherCatalogue) {
  Start();
  Train();
  const std::shared_ptr<const ModelSet> trained = published_.Get();
  const auto content = [&] { return shop_.store().catalogue().content_fingerprint(); };
  Restart();
  const std::shared_ptr<const ModelSet> loaded = published_.Get();
  ASSERT_NE(loaded, trained);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // Several polls.
  EXPECT_EQ(published_.Get(), loaded);
  EXPECT_EQ(loaded->content_fingerprint, content());

  shop_.UpsertItem("new-mug", "mug with handle");
  Restart();

  EXPECT_TRUE(Eventually([&] { return published_.Get()->content_fingerprint == content(); }));
}

TEST_F(LifecycleTest, TrainsByItselfOnceThereIsEnoughAndAgainWhenHalfAsMuchIsNew) {
  LifecycleOptions options = shop_.Options();
  options.auto_train_events = 250;
  Start(options);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(Served(), "") << "200 events are not enough";

  shop_.RecordMore(60);
  ASSERT_TRUE(Eventually([&] { return !Served().empty(); }));
  const std::string first = Served();

  shop_.RecordMore(100);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(Served(), first) << "360 is not half as much again as 260";

  shop_.RecordMore(31);
  EXPECT_TRUE(Eventually([&] { return Served() != first; }));
}

TEST_F(LifecycleTest, TrainsWheneverSoManyEventsAreNew) {
  LifecycleOptions options = shop_.Options();
  Start(options);
  options.train_every_events = 50;
  lifecycle_->Change(options);
  ASSERT_TRUE(Eventually([&] { return !Served().empty(); })) << "200 are new";
  EXPECT_EQ(Finish("training-1").trigger, TrainingTrigger::kEvents);

  shop_.RecordMore(45);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // Several polls.
  EXPECT_EQ(lifecycle_->ListTrainings().size(), 1u);

  shop_.RecordMore(5);
  EXPECT_TRUE(Eventually([&] { return lifecycle_->GetTraining("training-2").ok(); }));
}

TEST_F(LifecycleTest, NewEventsAreCountedOverARestartAndFromATrainingThatSomebodyAskedFor) {
  LifecycleOptions options = shop_.Options();
  Start(options);
  Train();
  shop_.RecordMore(45);
  options.train_every_events = 50;
  Start(options);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // Several polls.
  EXPECT_EQ(lifecycle_->ListTrainings().size(), 1u) << "of 245 events 45 are new";

  shop_.RecordMore(5);

  EXPECT_TRUE(Eventually([&] { return lifecycle_->GetTraining("training-2").ok(); }));
}

TEST_F(LifecycleTest, AFailureIsNotRepeatedBeforeSoManyEventsAreNewAgain) {
  LifecycleOptions options = shop_.Options();
  options.train_every_events = 50;
  options.settings["ials"]["dimensions"] = "-1";
  Start(options);
  ASSERT_TRUE(Eventually([&] { return lifecycle_->GetTraining("training-1").ok(); }));
  EXPECT_EQ(Finish("training-1").state, State::kFailed);

  shop_.RecordMore(45);
  std::this_thread::sleep_for(std::chrono::milliseconds(200));  // Several polls.
  EXPECT_EQ(lifecycle_->ListTrainings().size(), 1u);

  shop_.RecordMore(5);
  EXPECT_TRUE(Eventually([&] { return lifecycle_->GetTraining("training-2").ok(); }));
}

TEST_F(LifecycleTest, WhatIsChangedWhileItRunsCountsForTheNextTraining) {
  LifecycleOptions options = shop_.Options();
  options.auto_train_events = 0;
  Start(options);
  options.auto_train_events = 50;
  options.models = {"item_knn"};
  options.settings.clear();

  lifecycle_->Change(options);

  ASSERT_TRUE(Eventually([&] { return !Served().empty(); }));
  EXPECT_EQ(published_.Get()->models[0].name, "item_knn");  // Before those of placements.
}

TEST_F(LifecycleTest, TrainsByTheClock) {
  LifecycleOptions options = shop_.Options();
  options.schedule.every_hours = 2;
  Start(options);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // Several polls.
  EXPECT_THAT(lifecycle_->ListTrainings(), IsEmpty());

  shop_.clock().Advance(7'201 * kMicrosPerSecond);

  ASSERT_TRUE(Eventually([&] { return !Served().empty(); }));
  EXPECT_EQ(Finish("training-1").trigger, TrainingTrigger::kSchedule);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(lifecycle_->ListTrainings().size(), 1u);
}

TEST_F(LifecycleTest, TrainingsAreRememberedOverARestart) {
  Start();
  const std::string version = Train();

  Restart();

  const std::vector<TrainingProgress> trainings = lifecycle_->ListTrainings();
  ASSERT_EQ(trainings.size(), 1u);
  EXPECT_EQ(trainings[0].version, version);
  EXPECT_EQ(trainings[0].trigger, TrainingTrigger::kRequest);
  EXPECT_EQ(trainings[0].num_events, 200u);
}

TEST_F(LifecycleTest, ACancelledTrainingChangesNothingAndTheNextOneRuns) {
  Start();
  const std::string version = Train();
  shop_.RecordMore(800);
  LifecycleOptions options = shop_.Options();
  options.settings["ials"] = {{"dimensions", "128"}, {"epochs", "500"}};
  Start(options);
  const std::string id = lifecycle_->StartTraining(/*skips_gate=*/false)->id;
  ASSERT_TRUE(Eventually([&] { return lifecycle_->GetTraining(id)->stage == "train ials"; }));

  ASSERT_THAT(lifecycle_->CancelTraining(id), IsOk());

  EXPECT_EQ(Finish(id).state, State::kCancelled);
  EXPECT_EQ(Served(), version);
  EXPECT_EQ(lifecycle_->CancelTraining(id)->state, State::kCancelled);
  EXPECT_THAT(lifecycle_->CancelTraining("training-9"), StatusIs(absl::StatusCode::kNotFound));
  Start();
  EXPECT_NE(Train(), version);
}

TEST_F(LifecycleTest, AFailureOfItsOwnTrainingIsNotRepeatedAtEveryPoll) {
  LifecycleOptions options = shop_.Options();
  options.auto_train_events = 100;
  options.settings["ials"]["dimensions"] = "-1";
  Start(options);
  ASSERT_TRUE(Eventually([&] { return lifecycle_->GetTraining("training-1").ok(); }));
  (void)Finish("training-1");

  std::this_thread::sleep_for(std::chrono::milliseconds(200));

  EXPECT_THAT(lifecycle_->GetTraining("training-2"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(LifecycleTest, EndingCancelsALongTrainingPromptly) {
  shop_.RecordMore(800);
  LifecycleOptions options = shop_.Options();
  options.settings["ials"] = {{"dimensions", "128"}, {"epochs", "500"}};
  Start(options);
  const std::string id = lifecycle_->StartTraining(/*skips_gate=*/false)->id;
  ASSERT_TRUE(Eventually([&] { return lifecycle_->GetTraining(id)->stage == "train ials"; }));
  ASSERT_EQ(lifecycle_->GetTraining(id)->state, State::kRunning);
  const auto start = std::chrono::steady_clock::now();

  lifecycle_.reset();

  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_EQ(Served(), "");
}

TEST_F(LifecycleTest, ReadersSeeWholeModelSetsWhileVersionsChange) {
  Start();
  Train();
  std::atomic<bool> is_over = false;
  std::thread reader([&] {
    while (!is_over) {
      const std::shared_ptr<const ModelSet> set = published_.Get();
      EXPECT_EQ(set->models.size(), SmallShop::kUsualModels + SmallShop::kModelsOfPlacements);
      for (const Model& model : set->models) EXPECT_NE(model.scorer, nullptr);
    }
  });

  for (int round = 0; round < 3; ++round) {
    shop_.UpsertItem("item-0", "mug once more " + std::to_string(round));
    Train();
  }

  is_over = true;
  reader.join();
}

}  // namespace
}  // namespace vitrine
