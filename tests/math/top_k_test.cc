#include "vitrine/math/top_k.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

ScoredItem Scored(std::uint32_t item, float score) { return {ItemIndex{item}, score}; }

TEST(TopKTest, KeepsTheBestInOrder) {
  const std::vector<float> scores = {1, 5, 3, -2, 4};

  EXPECT_THAT(TopKOf(scores, 3), ElementsAre(Scored(1, 5), Scored(4, 4), Scored(2, 3)));
}

TEST(TopKTest, TiesGoToTheSmallerIndexInWhateverOrderTheyCome) {
  TopK best(2);
  for (const std::uint32_t item : {7U, 3U, 9U, 1U, 5U}) best.Offer(ItemIndex{item}, 0.5F);

  EXPECT_THAT(best.Take(), ElementsAre(Scored(1, 0.5F), Scored(3, 0.5F)));
}

TEST(TopKTest, DropsWhatIsNotFinite) {
  const std::vector<float> scores = {kNaN, kInfinity, -kInfinity, -7};

  EXPECT_THAT(TopKOf(scores, 3), ElementsAre(Scored(3, -7)));
}

TEST(TopKTest, KeepsNothingWhenNothingIsAskedFor) {
  const std::vector<float> scores = {1, kInfinity, -kInfinity, kNaN};

  EXPECT_THAT(TopKOf(scores, 0), IsEmpty());
}

TEST(TopKTest, ReturnsFewerWhenThereAreFewer) {
  EXPECT_THAT(TopKOf(std::vector<float>{2}, 10), ElementsAre(Scored(0, 2)));
  EXPECT_THAT(TopKOf({}, 10), IsEmpty());
}

TEST(TopKTest, SaysWhatItWouldKeep) {
  TopK best(2);
  EXPECT_TRUE(best.Keeps(Scored(9, -7)));
  for (const std::uint32_t item : {3U, 5U}) best.Offer(ItemIndex{item}, 0.5F);

  EXPECT_TRUE(best.Keeps(Scored(9, 0.6F)));
  EXPECT_TRUE(best.Keeps(Scored(4, 0.5F)));
  EXPECT_FALSE(best.Keeps(Scored(6, 0.5F)));
  EXPECT_FALSE(best.Keeps(Scored(0, 0.4F)));
  EXPECT_FALSE(TopK(0).Keeps(Scored(0, 1)));
}

TEST(TopKTest, TheThresholdIsTheWorstScoreThatIsKept) {
  TopK best(2);
  EXPECT_EQ(best.threshold(), -kInfinity);
  best.Offer(ItemIndex{0}, 1);
  EXPECT_EQ(best.threshold(), -kInfinity);
  best.Offer(ItemIndex{1}, 3);
  EXPECT_EQ(best.threshold(), 1);
  best.Offer(ItemIndex{2}, 2);
  EXPECT_EQ(best.threshold(), 2);
}

TEST(TopKTest, StartsAfreshAfterTake) {
  TopK best(1);
  best.Offer(ItemIndex{0}, 100);
  best.Take();
  best.Offer(ItemIndex{1}, 1);

  EXPECT_THAT(best.Take(), ElementsAre(Scored(1, 1)));
}

TEST(TopKTest, AgreesWithSortingEverything) {
  Random random(7);
  for (const std::size_t size : {1U, 2U, 17U, 100U, 1000U}) {
    std::vector<float> scores(size);
    // Few distinct values, so that there are many ties.
    for (float& score : scores) score = static_cast<float>(random.Below(20));
    std::vector<ScoredItem> sorted;
    for (std::uint32_t i = 0; i < size; ++i) sorted.push_back(Scored(i, scores[i]));
    std::sort(sorted.begin(), sorted.end(), RanksBefore);

    for (const std::size_t k : {1U, 2U, 5U, 16U, 99U, 1000U, 2000U}) {
      const std::vector<ScoredItem> expected(sorted.begin(), sorted.begin() + std::min(k, size));
      EXPECT_EQ(TopKOf(scores, k), expected) << "size " << size << ", k " << k;
    }
  }
}

TEST(KeepBestTest, KeepsTheBestInTheOrderTheyWereIn) {
  std::vector<ScoredItem> items;
  std::vector<ScoredItem> expected;
  TopK best(7);
  for (std::uint32_t i = 0; i < 100; ++i) {
    items.push_back({ItemIndex{i}, static_cast<float>(i * 37 % 11) - 5});
    best.Offer(items.back().item, items.back().score);
  }
  expected = best.Take();
  std::sort(expected.begin(), expected.end(),
            [](const ScoredItem& a, const ScoredItem& b) { return a.item < b.item; });

  KeepBest(7, items);

  EXPECT_EQ(items, expected);
}

TEST(KeepBestTest, LeavesFewAloneAndTakesAllForNone) {
  std::vector<ScoredItem> items = {{ItemIndex{4}, -1}, {ItemIndex{2}, 0}};

  KeepBest(2, items);
  EXPECT_EQ(items.size(), 2U);
  KeepBest(0, items);
  EXPECT_TRUE(items.empty());
}

}  // namespace
}  // namespace vitrine
