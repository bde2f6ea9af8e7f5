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
  EXPECT_THAT(NearestNames("orders_of_late", kNames, 3), IsEmpty());
}

const std::vector<std::string> kKeys = {"listen", "threads", "max_message_bytes"};

TEST(NearestTest, FindsWhatWasMistyped) {
  EXPECT_EQ(Nearest("lsten", kKeys), "listen");
  EXPECT_EQ(Nearest("thread", kKeys), "threads");
  EXPECT_EQ(Nearest("max_mesage_byte", kKeys), "max_message_bytes");
}

TEST(NearestTest, FindsNothingForAnotherWord) {
  EXPECT_EQ(Nearest("colour", kKeys), "");
  EXPECT_EQ(Nearest("x", {}), "");
}

TEST(NearestTest, AllowedListsAllNamesAndTheNearestFirst) {
  EXPECT_EQ(Allowed("lsten", kKeys),
            "did you mean listen? Allowed: listen, threads, max_message_bytes");
  EXPECT_EQ(Allowed("colour", kKeys), "Allowed: listen, threads, max_message_bytes");
}

}  // namespace
}  // namespace vitrine
