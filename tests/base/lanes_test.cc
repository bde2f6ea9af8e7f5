#include "vitrine/base/lanes.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace vitrine {
namespace {

TEST(LanesTest, AreLoadedFromAndStoredToAnyPlace) {
  std::array<float, kLanes + 2> numbers{};
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>(i);

  StoreLanes(LoadLanes(&numbers[2]) + AllLanes(1), &numbers[1]);

  EXPECT_EQ(numbers[0], 0);
  for (std::size_t i = 0; i < kLanes; ++i) EXPECT_EQ(numbers[1 + i], static_cast<float>(i + 3));
}

TEST(LanesTest, LargestAndSmallestAreFoundInEveryLane) {
  for (std::size_t i = 0; i < kLanes; ++i) {
    Lanes lanes = AllLanes(1);
    lanes[i] = 3;
    EXPECT_EQ(Largest(lanes), 3);
    EXPECT_EQ(Smallest(lanes), 1);
    lanes[i] = -std::numeric_limits<float>::infinity();
    EXPECT_EQ(Largest(lanes), 1);
    EXPECT_EQ(Smallest(lanes), lanes[i]);
  }
}

TEST(LanesTest, LargerAndSmallerChooseByLane) {
  Lanes a = AllLanes(1);
  a[0] = 5;
  const Lanes b = AllLanes(2);
  EXPECT_EQ(Larger(a, b)[0], 5);
  EXPECT_EQ(Larger(a, b)[1], 2);
  EXPECT_EQ(Smaller(a, b)[0], 2);
  EXPECT_EQ(Smaller(a, b)[1], 1);
}

}  // namespace
}  // namespace vitrine
