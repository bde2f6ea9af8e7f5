#include "lifecycle/live_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "lifecycle/probation.h"
#include "lifecycle/small_shop.h"
#include "testing/status_matchers.h"
#include "vitrine/base/atomic_file.h"

namespace vitrine {
namespace {

using testing::IsOk;
using testing::SmallShop;
using testing::StatusIs;

class LiveModelsTest : public ::testing::Test {
 protected:
  LiveModelsTest() : live_(Open()) {}

  LiveModels Open() {
    return {shop_.files(), Folder(), shop_.store().catalogue(), published_, shop_.clock(), {}};
  }
  BundleFolder Folder() { return *BundleFolder::Open(shop_.files(), shop_.models_folder()); }

  static ModelSet Version(const std::string& version) {
    ModelSet models;
    models.version = version;
    return models;
  }
  absl::Status Publish(const std::string& version, const std::string& instead_of) {
    return live_.Publish(Version(version), {}, instead_of);
  }

  SmallShop shop_;
  Published<ModelSet> published_{std::make_shared<const ModelSet>()};
  LiveModels live_;
};

TEST_F(LiveModelsTest, WhatWasHeldAgainstOneVersionTakesThePlaceOfNoOther) {
  ASSERT_THAT(Publish("v1", ""), IsOk());
  ASSERT_THAT(Publish("v2", "v1"), IsOk());
  ASSERT_THAT(live_.MakeLive("v1"), IsOk());

  EXPECT_THAT(Publish("v3", "v2"), StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(published_.Get()->version, "v1");
  EXPECT_EQ(Folder().ReadLive()->version, "v1");
  EXPECT_THAT(live_.Publish(Version("v3"), {}, std::nullopt), IsOk());
}

TEST_F(LiveModelsTest, NorOneThatAnotherProcessMadeLive) {
  ASSERT_THAT(Publish("v1", ""), IsOk());
  ASSERT_THAT(Folder().Publish(Version("v2"), {}), IsOk());

  EXPECT_THAT(Publish("v3", "v1"), StatusIs(absl::StatusCode::kAborted));
}

TEST_F(LiveModelsTest, AVersionIsTakenBackOnlyWhileItIsLive) {
  ASSERT_THAT(Publish("v1", ""), IsOk());
  ASSERT_THAT(Publish("v2", "v1"), IsOk());
  ASSERT_THAT(Publish("v3", "v2"), IsOk());

  EXPECT_THAT(live_.MakeLive("v1", "v2"), StatusIs(absl::StatusCode::kAborted));
  EXPECT_EQ(published_.Get()->version, "v3");
  EXPECT_THAT(live_.MakeLive("v2", "v3"), IsOk());
}

TEST_F(LiveModelsTest, AProbationIsResumedWhereItsFileIsWhole) {
  ASSERT_THAT(Publish("v1", ""), IsOk());
  ASSERT_THAT(Publish("v2", "v1"), IsOk());
  live_.KeepBefore("v1", {.num_answers = 1});  // Which is not on probation.
  live_.KeepBefore("v2", {.num_answers = 300, .num_failed = 7});
  const Micros since_us = shop_.clock().Now();
  shop_.clock().Advance(kMicrosPerSecond);
  published_.Set(std::make_shared<const ModelSet>());

  LiveModels restarted = Open();
  restarted.FollowLive();

  ASSERT_TRUE(restarted.probation().has_value());
  EXPECT_EQ(restarted.probation()->version, "v2");
  EXPECT_EQ(restarted.probation()->previous, "v1");
  EXPECT_EQ(restarted.probation()->since_us, since_us);
  EXPECT_EQ(restarted.probation()->before.num_answers, 300u);
  EXPECT_EQ(restarted.probation()->before.num_failed, 7u);

  ASSERT_THAT(WriteFileAtomically(shop_.files(), shop_.models_folder() + "/PROBATION", "rubbish"),
              IsOk());
  published_.Set(std::make_shared<const ModelSet>());
  LiveModels damaged = Open();
  damaged.FollowLive();
  EXPECT_EQ(published_.Get()->version, "v2");
  EXPECT_FALSE(damaged.probation().has_value());
}

TEST_F(LiveModelsTest, AProbationThatBeginsInTheFutureBeginsWithTheStart) {
  shop_.clock().Advance(365 * kMicrosPerDay);
  ASSERT_THAT(Publish("v1", ""), IsOk());
  ASSERT_THAT(Publish("v2", "v1"), IsOk());
  shop_.clock().Advance(-364 * kMicrosPerDay);
  published_.Set(std::make_shared<const ModelSet>());

  LiveModels restarted = Open();
  restarted.FollowLive();

  ASSERT_TRUE(restarted.probation().has_value());
  EXPECT_EQ(restarted.probation()->since_us, shop_.clock().Now());
}

TEST_F(LiveModelsTest, AVersionIsOnProbationBeforeItIsWarmedUp) {
  ASSERT_THAT(Publish("v1", ""), IsOk());
  std::string on_probation;
  const auto read = [&](const std::shared_ptr<const ModelSet>& /*models*/) {
    const auto saved = LoadProbation(shop_.files(), shop_.models_folder() + "/PROBATION");
    if (saved.ok()) on_probation = saved->version;
  };
  LiveModels live(shop_.files(), Folder(), shop_.store().catalogue(), published_, shop_.clock(),
                  read);

  ASSERT_THAT(live.Publish(Version("v2"), {}, "v1"), IsOk());

  EXPECT_EQ(on_probation, "v2");
}

TEST_F(LiveModelsTest, ANameThatLeavesTheFolderIsNoVersion) {
  ASSERT_THAT(Publish("v1", ""), IsOk());
  ASSERT_THAT(Publish("v2", "v1"), IsOk());

  for (const char* const name : {"./v1", "../models/v1", "v1/", ".v1"}) {
    EXPECT_THAT(live_.MakeLive(name), StatusIs(absl::StatusCode::kNotFound)) << name;
    EXPECT_THAT(Folder().PointLiveAt(name), StatusIs(absl::StatusCode::kNotFound)) << name;
  }
  EXPECT_EQ(Folder().ReadLive()->version, "v2");
}

TEST_F(LiveModelsTest, WithADamagedLiveTheCandidateIsStillNotServed) {
  ASSERT_THAT(Publish("v1", ""), IsOk());
  std::string told;
  ASSERT_THAT(live_.SaveCandidate(Version("v2"), {},
                                  [&](const auto& candidate) { told = candidate->version; }),
              IsOk());
  EXPECT_EQ(told, "v2");
  ASSERT_THAT(WriteFileAtomically(shop_.files(), shop_.models_folder() + "/LIVE", "rubbish\n\n\n"),
              IsOk());
  published_.Set(std::make_shared<const ModelSet>());

  LiveModels restarted = Open();
  restarted.FollowLive();

  EXPECT_EQ(published_.Get()->version, "v1");
}

}  // namespace
}  // namespace vitrine
