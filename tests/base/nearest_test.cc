#include "vitrine/base/nearest.h"

#include <gmock/gmock.h>

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<std::string> kNames = {"views", "orders", "orders_30d", "orders_7d", "returns"};

TEST(NearestNamesTest, TheFewestEditsComeFirst) {
  EXPECT_THAT(NearestNames("orders_3d", kNames, 3),
              ElementsAre("orders_30d", "orders_7d", "orders"));
}

TEST(NearestNamesTest, NoMoreThanAskedFor) {
  EXPECT_THAT(NearestNames("orders_3d", kNames, 1), ElementsAre("orders_30d"));
  EXPECT_THAT(NearestNames("orders_3d", kNames, 0), IsEmpty());
}

TEST(NearestNamesTest, WhatIsTooFarWasNotMeant) {
  EXPECT_THAT(NearestNames("clicks", kNames, 3), IsEmpty());
  EXPECT_THAT(NearestNames("view", kNames, 3), ElementsAre("views"));
  EXPECT_THAT(NearestNames("vi", kNames, 3), IsEmpty());
  EXPECT_THAT(NearestNames("", kNames, 3), IsEmpty());
}

}  // namespace
}  // namespace vitrine
