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

using testing::IsOk;
using testing::SmallShop;
using testing::StatusIs;

TEST_F(LifecycleTest, AVersionThatAnotherProcessMadeLiveIsServedSoon) {
  Start();
  Train();

  PublishElsewhere("from-elsewhere");

  EXPECT_TRUE(Eventually([&] { return Served() == "from-elsewhere"; }));
  EXPECT_EQ(published_.Get()->models.size(),
            SmallShop::kUsualModels + SmallShop::kModelsOfPlacements);
}

TEST_F(LifecycleTest, PointingLiveBackRollsBack) {
  Start();
  const std::string first = Train();
  const std::string second = Train();
  ASSERT_EQ(Served(), second);

  WriteLive(first + "\n" + second + "\n");

  EXPECT_TRUE(Eventually([&] { return Served() == first; }));
}

TEST_F(LifecycleTest, OneCallRollsBackAndTheSameCallBringsItBack) {
  Start();
  const std::string first = Train();
  const std::string second = Train();

  const auto back = RollBack();

  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(back->live, first);
  EXPECT_EQ(back->previous, second);
  EXPECT_EQ(back->rollback.value().cause, RollbackCause::kRequest);
  EXPECT_EQ(back->rollback.value().reason, "");
  EXPECT_EQ(Served(), first);
  EXPECT_THAT(RollBack(), IsOk());
  EXPECT_EQ(Served(), second);
  EXPECT_THAT(RollBack(second), IsOk());  // Is live already.
  EXPECT_THAT(lifecycle_->ListVersions()->num_rollbacks,
              ::testing::ElementsAre(::testing::Pair(RollbackCause::kRequest, 2)));
  Restart();
  EXPECT_EQ(Served(), second);
}

TEST_F(LifecycleTest, AnyVersionOnDiskCanBeMadeLive) {
  Start();
  const std::string first = Train();
  Train();
  Train();

  EXPECT_THAT(RollBack(first), IsOk());

  EXPECT_EQ(Served(), first);
}

TEST_F(LifecycleTest, WhatCannotBeGoneBackToLeavesWhatIsServed) {
  Start();
  const std::string first = Train();
  EXPECT_THAT(RollBack(), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(RollBack("no-such-version"), StatusIs(absl::StatusCode::kNotFound));
  const std::string second = Train();
  Damage(first);

  EXPECT_THAT(RollBack(), StatusIs(absl::StatusCode::kDataLoss));

  EXPECT_EQ(Served(), second);
  EXPECT_EQ(lifecycle_->ListVersions()->live, second);
}

TEST_F(LifecycleTest, WhatWasRolledBackIsNotMadeAgainOfTheSameEvents) {
  LifecycleOptions options = shop_.Options();
  Start(options);
  const std::string first = Train();
  shop_.RecordMore(200);
  Train();
  options.auto_train_events = 100;
  Start(options);

  ASSERT_THAT(RollBack(), IsOk());  // To 200 events of 400.

  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // Several polls.
  EXPECT_EQ(Served(), first);
}

TEST_F(LifecycleTest, ByHandACandidateWaitsInTheShadowUntilItIsMadeLive) {
  LifecycleOptions options = shop_.Options();
  options.is_promoted_by_hand = true;
  options.shadow_share = 1;
  Start(options);
  EXPECT_THAT(RollBack("candidate"), StatusIs(absl::StatusCode::kFailedPrecondition));
  const std::string first = Train();
  EXPECT_EQ(Served(), first) << "there was nothing to wait beside";

  const std::string second = Train();

  EXPECT_EQ(Served(), first);
  EXPECT_EQ(lifecycle_->ListVersions()->candidate, second);
  EXPECT_EQ(lifecycle_->ReadShadow().candidate_version, second);
  lifecycle_->OnAnswer({.user_id = "shopper-1", .page_size = 5}, {.model_version = first}, 0);
  EXPECT_TRUE(Eventually([&] { return lifecycle_->ReadShadow().num_compared == 1; }));
  Start(options);
  EXPECT_EQ(lifecycle_->ReadShadow().candidate_version, second) << "it outlives a restart";
  ASSERT_THAT(RollBack("candidate"), IsOk());
  EXPECT_EQ(Served(), second);
  EXPECT_EQ(lifecycle_->ListVersions()->candidate, "");
  EXPECT_EQ(lifecycle_->ReadShadow().candidate_version, "");
  EXPECT_THAT(lifecycle_->ListVersions()->num_rollbacks, ::testing::IsEmpty());
  EXPECT_FALSE(lifecycle_->ListVersions()->rollback.has_value()) << "it was no step back";
}

TEST_F(LifecycleTest, ACandidateOfAnotherProcessAnswersInTheShadowUntilThatMakesItLive) {
  Start();
  const std::string first = Train();

  ASSERT_THAT(Folder().SaveCandidate(Renamed("from-elsewhere"), ItemIds()), IsOk());

  EXPECT_TRUE(
      Eventually([&] { return lifecycle_->ReadShadow().candidate_version == "from-elsewhere"; }));
  EXPECT_EQ(Served(), first);
  ASSERT_THAT(Folder().PointLiveAt("from-elsewhere"), IsOk());
  EXPECT_TRUE(Eventually([&] { return Served() == "from-elsewhere"; }));
  EXPECT_TRUE(Eventually([&] { return lifecycle_->ReadShadow().candidate_version.empty(); }));
}

TEST_F(LifecycleTest, NeitherAPromotionNorWhatIsLiveAlreadyHidesTheLastRollback) {
  LifecycleOptions options = shop_.Options();
  Start(options);
  const std::string first = Train();
  const std::string second = Train();
  options.is_promoted_by_hand = true;
  Start(options);
  const std::string other_candidate = Train();
  ASSERT_THAT(RollBack(), IsOk());

  ASSERT_THAT(RollBack(other_candidate), IsOk());  // By its name, or as what it is.
  const std::string candidate = Train();
  ASSERT_THAT(RollBack("candidate"), IsOk());
  ASSERT_THAT(RollBack(candidate), IsOk());

  const auto versions = lifecycle_->ListVersions();
  EXPECT_EQ(versions->live, candidate);
  EXPECT_EQ(versions->rollback.value().from, second);
  EXPECT_EQ(versions->rollback.value().to, first);
}

TEST_F(LifecycleTest, ACandidateIsKeptHoweverManyVersionsComeAfterIt) {
  LifecycleOptions options = shop_.Options();
  Start(options);
  Train();
  options.is_promoted_by_hand = true;
  Start(options);
  const std::string candidate = Train();
  options.is_promoted_by_hand = false;
  Start(options);

  for (std::size_t run = 0; run <= BundleFolder::kKeptVersions; ++run) Train();

  EXPECT_THAT(RollBack("candidate"), IsOk());
  EXPECT_EQ(Served(), candidate);
}

TEST_F(LifecycleTest, EveryVersionIsWarmedUpBeforeItIsServed) {
  std::vector<std::string> warmed;
  LifecycleOptions options = shop_.Options();
  options.warm_up = [&](const std::shared_ptr<const ModelSet>& next) {
    EXPECT_NE(next, published_.Get());
    warmed.push_back(next->version);
  };
  Start(options);

  const std::string first = Train();
  const std::string second = Train();
  ASSERT_THAT(RollBack(), IsOk());

  EXPECT_THAT(warmed, ::testing::ElementsAre(first, second, first));
}

TEST_F(LifecycleTest, WhatWasReplacedIsFreedOnceNobodyAnswersWithIt) {
  Start();
  Train();
  std::shared_ptr<const ModelSet> in_use = published_.Get();
  const std::weak_ptr<const ModelSet> replaced = in_use;
  Train();
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // Several polls.
  EXPECT_FALSE(replaced.expired());

  in_use.reset();

  EXPECT_TRUE(Eventually([&] { return replaced.expired(); }));
}

TEST_F(LifecycleTest, ADamagedLiveBundleFallsBackToThePreviousAtStart) {
  Start();
  const std::string first = Train();
  Damage(Train());

  Restart();

  EXPECT_EQ(Served(), first);
}

TEST_F(LifecycleTest, ADamagedBundleThatIsMadeLiveLeavesTheServedOne) {
  Start();
  const std::string first = Train();
  WriteLive("no-such-version\n" + first + "\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(100));  // Several polls.
  EXPECT_EQ(Served(), first);

  // And the way back is open.
  const std::string second = Train();
  EXPECT_EQ(Served(), second);
}

TEST_F(LifecycleTest, WhenLiveItselfIsDamagedTheNewestWholeBundleIsServed) {
  Start();
  const std::string first = Train();
  Damage(Train());
  WriteLive("\x01\x02");

  Restart();

  EXPECT_EQ(Served(), first);
}

}  // namespace
}  // namespace vitrine
