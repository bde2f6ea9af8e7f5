#include <cmath>

#include "engine/fake_shop.h"
#include "engine/lifts.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using vitrine::testing::StatusIs;

constexpr ItemIndex kMug{0};
constexpr ItemIndex kCup{1};
constexpr ItemIndex kPot{2};

TEST(AddRotationTest, BuriesDeeperWhatWasShownMoreOften) {
  const std::vector<ShownItem> shown = {{kMug, 30}, {kCup, 20}, {kMug, 20}, {kPot, 10}};
  NamedLifts lifts;

  AddRotation(0.4, shown, {}, lifts);

  EXPECT_DOUBLE_EQ(StrengthOf(lifts.lifts, kMug), -(1 - 0.6 * 0.6));
  EXPECT_DOUBLE_EQ(StrengthOf(lifts.lifts, kCup), -0.4);
  EXPECT_DOUBLE_EQ(StrengthOf(lifts.lifts, kPot), -0.4);
  EXPECT_THAT(lifts.causes, ElementsAre("rotation", "rotation"));
}

TEST(AddRotationTest, WhatWasTouchedAtTheTimeOrLaterIsForgiven) {
  const std::vector<ShownItem> shown = {{kMug, 30}, {kCup, 20}, {kMug, 20}, {kPot, 10}};
  const std::vector<Interaction> history = {{.time_us = 20, .item = kMug},
                                            {.time_us = 10, .item = kMug},
                                            {.time_us = 19, .item = kCup},
                                            {.time_us = 11, .item = kPot}};
  NamedLifts lifts;

  AddRotation(0.4, shown, history, lifts);

  EXPECT_DOUBLE_EQ(StrengthOf(lifts.lifts, kMug), -0.4);  // Once since.
  EXPECT_DOUBLE_EQ(StrengthOf(lifts.lifts, kCup), -0.4);
  EXPECT_DOUBLE_EQ(StrengthOf(lifts.lifts, kPot), 0);
}

class RotationTest : public vitrine::testing::FakeShop {
 protected:
  RotationTest() { Publish({Popular()}); }  // Scores 1, 0.8, 0.6, 0.4, 0.2.
};

TEST_F(RotationTest, BringsUpWhatTheShopperDidNotSeeYet) {
  store_.Show("ann", "a");
  store_.Show("phone", "b");
  store_.Show("bob", "c");
  const RecommendRequest request{
      .user_id = "ann", .visitor_id = "phone", .controls = {.rotation = 0.5}};

  EXPECT_THAT(RecommendedIds(request), ElementsAre("c", "a", "d", "b", "e"));

  store_.Record("ann", EventType::kDetailPageView, "a");
  EXPECT_THAT(RecommendedIds(request), ElementsAre("a", "c", "d", "b", "e"));
}

TEST_F(RotationTest, IsAPartOfTheScoreUnderItsName) {
  store_.Show("ann", "a");

  const RecommendReply reply = Recommend({.user_id = "ann",
                                          .explanation = ExplanationLevel::kContributions,
                                          .controls = {.rotation = 0.3}});

  ASSERT_EQ(reply.items[1].item_id, "a");
  ASSERT_EQ(reply.items[1].contributions.size(), 2U);
  EXPECT_EQ(reply.items[1].contributions[1].model, "boost");
  EXPECT_EQ(reply.items[1].contributions[1].feature, "rotation");
  EXPECT_FLOAT_EQ(reply.items[1].contributions[1].value, -0.3F);
}

TEST_F(RotationTest, WithoutItNothingIsAskedOfWhatWasShown) {
  store_.Show("ann", "a");

  EXPECT_THAT(RecommendedIds({.user_id = "ann"}), ElementsAre("a", "b", "c", "d", "e"));
}

TEST_F(RotationTest, MustBeFromZeroToOne) {
  for (const double rotation : {-0.1, 1.1, std::nan("")}) {
    const auto reply = engine_.Recommend({.controls = {.rotation = rotation}});
    EXPECT_THAT(reply, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(std::string(reply.status().message()), HasSubstr("rotation is"));
  }
}

}  // namespace
}  // namespace vitrine
