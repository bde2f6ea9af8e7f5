#include "vitrine/math/similarity.h"

#include <gtest/gtest.h>

#include <vector>

namespace vitrine {
namespace {

TEST(SimilarityTest, CosineDividesByBothNormsAndTheShrinkage) {
  EXPECT_DOUBLE_EQ(SimilarityDivisor(Similarity::kCosine, 6, 3, 4, 2), 14);
  EXPECT_DOUBLE_EQ(SimilarityDivisor(Similarity::kPearson, 6, 3, 4, 2), 14);
}

TEST(SimilarityTest, JaccardDividesByTheUnionOfSets) {
  // Sets of 9 and 16 that share 6.
  EXPECT_DOUBLE_EQ(SimilarityDivisor(Similarity::kJaccard, 6, 3, 4, 2), 9 + 16 - 6 + 2);
}

TEST(SimilarityTest, CentringTakesTheMeanOff) {
  std::vector<float> values = {1, 2, 6};

  Centre(values);

  EXPECT_EQ(values, (std::vector<float>{-2, -1, 3}));
  EXPECT_DOUBLE_EQ(Norm(std::vector<float>{3, 4}), 5);
}

}  // namespace
}  // namespace vitrine
