#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "lifecycle/lifecycle_fixture.h"
#include "lifecycle/probation.h"
#include "testing/status_matchers.h"
#include "vitrine/feature_store/attribution.h"
#include "vitrine/lifecycle/kept_files.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Pair;
using testing::SmallShop;

class HealthTest : public LifecycleTest {
 protected:
  // Two versions, the second of which has just gone live.
  void SetUp() override {
    options_ = shop_.Options();
    options_.rollback.least_answers = 20;
    options_.rollback.click_drop = 0.5;
    options_.rollback.least_shown = 20;
    Start(options_);
    first_ = Train();
    second_ = Train();
  }

  // As a process that starts anew, with the same bounds.
  void StartAnew() {
    lifecycle_.reset();
    published_.Set(std::make_shared<const ModelSet>());
    Start(options_);
  }

  void Answer(int count, const std::string& version, const std::string& fallback = "backfill") {
    for (int i = 0; i < count; ++i) {
      lifecycle_->OnAnswer({}, {.model_version = version, .fallbacks = {fallback}}, 0);
    }
  }

  // So many lists of four items, each of which has been in view, and one of each clicked.
  void Show(int count, const std::string& version, bool is_clicked) {
    Attribution list{.placement = "home", .model_version = version, .time_us = 1};
    RecordEvents events;
    std::vector<EventItem> items;
    for (int row = 0; row < 4; ++row) {
      list.items.push_back(*shop_.store().catalogue().Find(SmallShop::ItemId(row)));
      items.push_back({.item_id = SmallShop::ItemId(row)});
    }
    const std::string token = SealAttribution(shop_.store(), list);
    for (int i = 0; i < count; ++i) {
      events.events.push_back({.type = EventType::kImpression,
                               .user_id = "ann",
                               .time_us = shop_.clock().Now() + i,
                               .items = items,
                               .attribution_token = token});
      if (!is_clicked) continue;
      events.events.push_back({.type = EventType::kRecommendationClick,
                               .user_id = "ann",
                               .time_us = shop_.clock().Now() + i,
                               .items = {items[0]},
                               .attribution_token = token});
    }
    ASSERT_THAT(shop_.store().Write(std::move(events)), IsOk());
  }

  void WaitSomePolls() { std::this_thread::sleep_for(std::chrono::milliseconds(100)); }

  LifecycleOptions options_;
  std::string first_;
  std::string second_;
};

TEST_F(HealthTest, AVersionWhoseListsAreCutShortIsTakenBackAndSaysWhy) {
  Answer(30, second_, "deadline");

  ASSERT_TRUE(Eventually([&] { return Served() == first_; }));
  ASSERT_TRUE(Eventually([&] { return lifecycle_->ListVersions()->rollback.has_value(); }));
  const auto versions = lifecycle_->ListVersions();
  EXPECT_EQ(versions->live, first_);
  EXPECT_EQ(versions->previous, second_);
  EXPECT_EQ(versions->rollback->from, second_);
  EXPECT_EQ(versions->rollback->cause, RollbackCause::kErrors);
  EXPECT_THAT(versions->rollback->reason, HasSubstr("100.0 % of 30 lists"));
  EXPECT_THAT(versions->num_rollbacks, ElementsAre(Pair(RollbackCause::kErrors, 1)));
}

TEST_F(HealthTest, AVersionThatFailsIsTakenBack) {
  for (int i = 0; i < 30; ++i) lifecycle_->OnFailure({}, absl::InternalError("broken"));

  EXPECT_TRUE(Eventually([&] { return Served() == first_; }));
}

TEST_F(HealthTest, AVersionThatFailsToSayWhatIsAlikeIsTakenBack) {
  for (int i = 0; i < 30; ++i) lifecycle_->OnSimilar({}, absl::InternalError("broken"));

  EXPECT_TRUE(Eventually([&] { return Served() == first_; }));
}

TEST_F(HealthTest, WhatIsSaidOfItemsCountsWhereItIsRightToo) {
  for (int i = 0; i < 300; ++i) lifecycle_->OnRanked({}, RecommendReply{.model_version = second_});
  for (int i = 0; i < 30; ++i) lifecycle_->OnFailure({}, absl::InternalError("broken"));

  WaitSomePolls();

  EXPECT_EQ(Served(), second_);  // Fewer than a tenth of all that was asked.
}

TEST_F(HealthTest, AVersionThatIsClickedLessIsTakenBack) {
  Show(100, first_, /*is_clicked=*/true);
  Show(100, second_, /*is_clicked=*/false);

  EXPECT_TRUE(Eventually([&] { return Served() == first_; }));
  EXPECT_TRUE(Eventually([&] { return lifecycle_->ListVersions()->rollback.has_value(); }));
  EXPECT_THAT(lifecycle_->ListVersions()->num_rollbacks,
              ElementsAre(Pair(RollbackCause::kClicks, 1)));
}

TEST_F(HealthTest, AGoodVersionStays) {
  Answer(300, second_);
  Show(100, first_, /*is_clicked=*/true);
  Show(100, second_, /*is_clicked=*/true);

  WaitSomePolls();

  EXPECT_EQ(Served(), second_);
  EXPECT_FALSE(lifecycle_->ListVersions()->rollback.has_value());
}

TEST_F(HealthTest, WhatWasTakenBackToIsNotTakenBackItself) {
  Answer(30, second_, "deadline");
  ASSERT_TRUE(Eventually([&] { return Served() == first_; }));

  Answer(30, first_, "deadline");

  WaitSomePolls();
  EXPECT_EQ(Served(), first_);
}

TEST_F(HealthTest, AfterItsProbationAVersionStays) {
  shop_.clock().Advance(25LL * 3'600 * kMicrosPerSecond);

  Answer(30, second_, "deadline");

  WaitSomePolls();
  EXPECT_EQ(Served(), second_);
}

TEST_F(HealthTest, AProbationGoesOnAfterARestart) {
  StartAnew();
  ASSERT_EQ(Served(), second_);

  Answer(30, second_, "deadline");

  EXPECT_TRUE(Eventually([&] { return Served() == first_; }));
}

// Or each restart would take back what is no worse, where many lists are late whoever makes them.
TEST_F(HealthTest, AfterARestartAVersionIsHeldAgainstTheOneBeforeToo) {
  Answer(30, first_, "deadline");
  ASSERT_TRUE(Eventually([&] {
    const auto kept = LoadProbation(shop_.files(), ProbationFile(shop_.models_folder()));
    return kept.ok() && kept->before.num_failed == 30;
  }));
  StartAnew();

  Answer(30, second_, "deadline");

  WaitSomePolls();
  EXPECT_EQ(Served(), second_);
}

TEST_F(HealthTest, ForWhatIsLeftOfIt) {
  shop_.clock().Advance(20LL * 3'600 * kMicrosPerSecond);
  StartAnew();
  shop_.clock().Advance(5LL * 3'600 * kMicrosPerSecond);

  Answer(30, second_, "deadline");

  WaitSomePolls();
  EXPECT_EQ(Served(), second_);
}

TEST_F(HealthTest, WhatSomebodyWentBackToIsNotWatchedAfterARestartEither) {
  ASSERT_THAT(RollBack(first_), IsOk());
  ASSERT_THAT(RollBack(second_), IsOk());  // Which was on probation before.
  StartAnew();
  ASSERT_EQ(Served(), second_);

  Answer(30, second_, "deadline");

  WaitSomePolls();
  EXPECT_EQ(Served(), second_);
}

}  // namespace
}  // namespace vitrine
