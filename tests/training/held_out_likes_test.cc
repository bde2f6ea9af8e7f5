#include "training/held_out_likes.h"

#include <gmock/gmock.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "training/pair_weights.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::uint32_t kItems = 30;
constexpr std::size_t kLiked = 10;

// Of each shopper u the items u, u + 1 and so on, one an hour, or all at once. Item 30 is liked by
// shopper 0 alone, and last.
Dataset Rows(std::size_t num_users, bool is_timed = true) {
  Dataset shop;
  for (std::uint32_t item = 0; item <= kItems + 1; ++item) {
    shop.item_ids.push_back("item" + std::to_string(item));
  }
  shop.items.resize(shop.item_ids.size());
  for (std::size_t user = 0; user < num_users; ++user) {
    for (std::size_t k = 0; k < kLiked; ++k) {
      const auto item = static_cast<std::uint32_t>((user + k) % kItems);
      const auto hour = static_cast<Micros>(is_timed ? k : 0);
      shop.interactions.push_back({hour * 60 * kMicrosPerMinute, ItemIndex{item}, 1});
    }
    if (user == 0) {
      const Micros last_us = shop.interactions.back().time_us + kMicrosPerMinute;
      shop.interactions.push_back({is_timed ? last_us : 0, ItemIndex{kItems}, 1});
    }
    shop.user_begin.push_back(shop.interactions.size());
  }
  return shop;
}

HeldOutLikes HoldOut(const Dataset& shop, const HoldOutOptions& options) {
  return HoldOutLast(shop, LikedPairWeights(shop, {}), options);
}

// A history of a touch in each of these hours.
std::vector<Interaction> InHours(const std::vector<Micros>& hours) {
  std::vector<Interaction> history;
  for (const Micros hour : hours) {
    history.push_back({hour * 60 * kMicrosPerMinute, ItemIndex{0}, 1});
  }
  return history;
}

TEST(LastPartTest, BeginsAtTheMomentBeforeTheLastFifthAndTearsNoBasket) {
  EXPECT_EQ(LastPartOf(InHours({0, 1, 2, 3, 4, 5, 6, 7, 8, 9})), 8U);
  EXPECT_EQ(LastPartOf(InHours({0, 0, 0, 1, 1, 1, 1, 1, 1, 2})), 3U)
      << "not within the basket of six";
  EXPECT_EQ(LastPartOf(InHours({0, 0, 0, 0, 0, 0, 0, 0, 0, 1})), 9U) << "there is none before";
  EXPECT_EQ(LastPartOf(InHours({0, 0, 0, 0, 0, 0, 0, 0, 0, 0})), 8U) << "there is no other moment";
}

TEST(HoldOutLastTest, HoldsOutWhatCameLastAndLeavesTheRest) {
  const HeldOutLikes likes = HoldOut(Rows(40), {.share = 1});

  ASSERT_THAT(likes.users, SizeIs(40));
  EXPECT_EQ(likes.users[5], 5U);
  EXPECT_THAT(likes.Targets(5), ElementsAre(13U, 14U));
  EXPECT_THAT(likes.weights.Columns(5), ElementsAre(5U, 6U, 7U, 8U, 9U, 10U, 11U, 12U));
  EXPECT_THAT(likes.weights.Values(5), SizeIs(8));
  EXPECT_THAT(likes.unliked, ElementsAre(kItems + 1));
}

TEST(HoldOutLastTest, WhatNobodyElseLikesStays) {
  const HeldOutLikes likes = HoldOut(Rows(40), {.share = 1});

  EXPECT_THAT(likes.Targets(0), ElementsAre(8U, 9U));
  EXPECT_THAT(likes.weights.Columns(0), Contains(kItems));
}

TEST(HoldOutLastTest, WhatIsLikedAgainIsHeldOutOfNobody) {
  Dataset shop = Rows(40);
  // Shopper 39's last items are the first ones once more.
  for (std::size_t i = 1; i <= 2; ++i) {
    shop.interactions[shop.interactions.size() - i].item = ItemIndex{9};
  }

  const HeldOutLikes likes = HoldOut(shop, {.share = 1});

  EXPECT_THAT(likes.users, SizeIs(39));
  EXPECT_THAT(likes.users, Not(Contains(39U)));
  EXPECT_THAT(likes.weights.Columns(39), ElementsAre(9U, 10U, 11U, 12U, 13U, 14U, 15U, 16U));
}

TEST(HoldOutLastTest, OfWhatCameAtOnceItDrawsAFifth) {
  const Dataset shop = Rows(40, false);
  const HeldOutLikes likes = HoldOut(shop, {.share = 1});
  const HeldOutLikes again = HoldOut(shop, {.share = 1});

  ASSERT_THAT(likes.users, SizeIs(40));
  std::vector<bool> is_first;
  for (std::size_t user = 1; user < 40; ++user) {
    EXPECT_THAT(likes.Targets(user), SizeIs(2));
    EXPECT_THAT(likes.weights.Columns(user), SizeIs(8));
    is_first.push_back(likes.Targets(user).front() == user % kItems);
  }
  EXPECT_THAT(is_first, Contains(true));
  EXPECT_THAT(is_first, Contains(false));
  EXPECT_EQ(likes.targets, again.targets);
}

TEST(HoldOutLastTest, AShareOfZeroAndTooFewShoppersLeaveAllAsItIs) {
  const std::vector<std::pair<std::size_t, double>> cases = {{40, 0}, {19, 1}};
  for (const auto& [num_users, share] : cases) {
    const Dataset shop = Rows(num_users);
    const CsrMatrix weights = LikedPairWeights(shop, {});

    const HeldOutLikes likes = HoldOutLast(shop, weights, {.share = share});

    EXPECT_THAT(likes.users, IsEmpty());
    EXPECT_THAT(likes.targets, IsEmpty());
    EXPECT_EQ(likes.weights.row_begin, weights.row_begin);
    EXPECT_EQ(likes.weights.column, weights.column);
    EXPECT_EQ(likes.weights.value, weights.value);
  }
}

TEST(HoldOutLastTest, NoMoreThanAskedForAndLateShoppersToo) {
  const HeldOutLikes likes = HoldOut(Rows(2000), {.share = 0.5, .most = 100});

  EXPECT_LE(likes.users.size(), 100U);
  EXPECT_GT(likes.users.size(), 50U);
  EXPECT_GT(likes.users.back(), 1500U);
  EXPECT_NE(likes.users, HoldOut(Rows(2000), {.share = 0.5, .most = 100, .seed = 2}).users);
}

TEST(ValidationLossTest, IsLessTheMeanNdcgAmongWhatIsNotKnown) {
  // Shopper 0 is known to like item 0, shopper 2 item 3; nobody likes item 4.
  const HeldOutLikes likes{.weights = {.num_rows = 3,
                                       .num_cols = 5,
                                       .row_begin = {0, 1, 1, 2},
                                       .column = {0, 3},
                                       .value = {1, 1}},
                           .users = {0, 2},
                           .begin = {0, 2, 3},
                           .targets = {1, 2, 0},
                           .unliked = {4}};
  const auto score = [](std::span<const std::uint32_t> users, Matrix& scores) {
    EXPECT_THAT(users, ElementsAre(0U, 2U));
    scores.resize(2, 5);
    scores << 9, 3, 1, 2, 8,  // Item 1 is the first, item 2 the third.
        1, 1, 0, 7, 6;        // Item 1 scores as much as item 0, which is then the second.
  };
  ThreadPool pool(2);

  const double loss = ValidationLoss(likes, score, pool);

  const double third = 1 / std::log2(4.0);
  const double second = 1 / std::log2(3.0);
  EXPECT_NEAR(loss, -((1 + third) / (1 + second) + second) / 2, 1e-12);
}

TEST(ValidationLossTest, AsksForAllInPartsAndKeepsThemApart) {
  // All like item 0. Item 1 is held out of the first shoppers, item 2 of the others, and each is
  // given the right one.
  constexpr std::uint32_t kShoppers = 300;
  const auto right = [](std::uint32_t user) { return user < 200 ? 1U : 2U; };
  HeldOutLikes likes;
  likes.weights = {.num_rows = kShoppers, .num_cols = 3};
  for (std::uint32_t user = 0; user < kShoppers; ++user) {
    likes.weights.column.push_back(0);
    likes.weights.value.push_back(1);
    likes.weights.row_begin.push_back(user + 1);
    likes.users.push_back(user);
    likes.targets.push_back(right(user));
    likes.begin.push_back(user + 1);
  }
  std::vector<std::uint32_t> asked;
  const auto score = [&](std::span<const std::uint32_t> users, Matrix& scores) {
    asked.insert(asked.end(), users.begin(), users.end());
    scores.setZero(static_cast<Eigen::Index>(users.size()), 3);
    for (std::size_t i = 0; i < users.size(); ++i) {
      scores(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(right(users[i]))) = 1;
    }
  };
  ThreadPool pool(2);

  const double loss = ValidationLoss(likes, score, pool);

  EXPECT_EQ(asked, likes.users);
  EXPECT_DOUBLE_EQ(loss, -1);
}

TEST(NdcgTest, WhatIsBelowTheTwentiethPlaceCountsNothing) {
  std::vector<float> scores(25);
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] = -static_cast<float>(i);

  EXPECT_EQ(NdcgOf(scores, std::vector<std::uint32_t>{0}), 1);
  EXPECT_NEAR(NdcgOf(scores, std::vector<std::uint32_t>{19}), 1 / std::log2(21.0), 1e-12);
  EXPECT_EQ(NdcgOf(scores, std::vector<std::uint32_t>{20}), 0);
}

}  // namespace
}  // namespace vitrine
