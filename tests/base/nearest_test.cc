#include "vitrine/base/nearest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace vitrine {
namespace {

const std::vector<std::string> kNames = {"listen", "threads", "max_message_bytes"};

TEST(NearestTest, FindsWhatWasMistyped) {
  EXPECT_EQ(Nearest("lsten", kNames), "listen");
  EXPECT_EQ(Nearest("thread", kNames), "threads");
  EXPECT_EQ(Nearest("max_mesage_byte", kNames), "max_message_bytes");
}

TEST(NearestTest, FindsNothingForAnotherWord) {
  EXPECT_EQ(Nearest("colour", kNames), "");
  EXPECT_EQ(Nearest("x", {}), "");
}

TEST(NearestTest, AllowedListsAllNamesAndTheNearestFirst) {
  EXPECT_EQ(Allowed("lsten", kNames),
            "did you mean listen? Allowed: listen, threads, max_message_bytes");
  EXPECT_EQ(Allowed("colour", kNames), "Allowed: listen, threads, max_message_bytes");
}

}  // namespace
}  // namespace vitrine
