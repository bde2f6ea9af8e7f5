#include "lifecycle/serving_watch.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "lifecycle/small_shop.h"
#include "testing/status_matchers.h"
#include "vitrine/feature_store/attribution.h"

namespace vitrine {
namespace {

using testing::IsOk;
using testing::SmallShop;

class ServingWatchTest : public ::testing::Test {
 protected:
  ServingWatchTest() { shop_.UpsertAllItems(); }

  void Record(EventType type, const std::string& token, const std::vector<int>& rows) {
    Event event{
        .type = type, .user_id = "ann", .time_us = shop_.clock().Now(), .attribution_token = token};
    for (const int row : rows) event.items.push_back({.item_id = SmallShop::ItemId(row)});
    ASSERT_THAT(shop_.store().Write(RecordEvents{{std::move(event)}}), IsOk());
  }

  // Of a list of the first four items.
  std::string TokenOf(const std::string& version) {
    Attribution attribution{.placement = "home", .model_version = version, .time_us = 1};
    for (int row = 0; row < 4; ++row) {
      attribution.items.push_back(*shop_.store().catalogue().Find(SmallShop::ItemId(row)));
    }
    return SealAttribution(shop_.store(), attribution);
  }

  SmallShop shop_;
  ServingWatch watch_;
};

TEST_F(ServingWatchTest, CountsAnswersOfEachVersion) {
  watch_.CountAnswer({.model_version = "a"});
  watch_.CountAnswer({.model_version = "a", .fallbacks = {"backfill", "deadline"}});
  watch_.CountAnswer({.model_version = "b", .fallbacks = {"backfill"}});
  watch_.CountAnswer({.model_version = "b", .fallbacks = {"model-late:ials", "deadline"}});
  watch_.CountFailure(absl::InternalError("broken"), "b");

  EXPECT_EQ(watch_.FiguresOf("a").num_answers, 2u);
  EXPECT_EQ(watch_.FiguresOf("a").num_failed, 1u);
  EXPECT_EQ(watch_.FiguresOf("b").num_answers, 3u);
  EXPECT_EQ(watch_.FiguresOf("b").num_failed, 2u);
  EXPECT_EQ(watch_.FiguresOf("c").num_answers, 0u);
}

TEST_F(ServingWatchTest, WhatTheCallerDidWrongIsNoFault) {
  watch_.CountFailure(absl::InvalidArgumentError("page_size"), "a");
  watch_.CountFailure(absl::CancelledError("gone"), "a");
  watch_.CountFailure(absl::FailedPreconditionError("min_sequence"), "a");

  EXPECT_EQ(watch_.FiguresOf("a").num_answers, 0u);
}

TEST_F(ServingWatchTest, CountsWhatWasShownAndClickedOfEachVersionOnce) {
  Record(EventType::kImpression, TokenOf("a"), {0, 1, 2, 9});  // The last is not on the list.
  Record(EventType::kRecommendationClick, TokenOf("a"), {1, 1});
  Record(EventType::kDetailPageView, "", {1});
  Record(EventType::kAddToCart, TokenOf("a"), {1});
  Record(EventType::kDetailPageView, TokenOf("b"), {3});
  Record(EventType::kImpression, "no token of this store", {0});
  ASSERT_THAT(watch_.ReadClicks(shop_.store()), IsOk());
  ASSERT_THAT(watch_.ReadClicks(shop_.store()), IsOk());
  Record(EventType::kRecommendationClick, TokenOf("a"), {2});

  ASSERT_THAT(watch_.ReadClicks(shop_.store()), IsOk());

  EXPECT_EQ(watch_.FiguresOf("a").num_shown, 3u);
  EXPECT_EQ(watch_.FiguresOf("a").num_clicked, 2u);
  EXPECT_EQ(watch_.FiguresOf("b").num_shown, 0u);
  EXPECT_EQ(watch_.FiguresOf("b").num_clicked, 1u);
}

}  // namespace
}  // namespace vitrine
