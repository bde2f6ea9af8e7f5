#include "vitrine/math/term_weights.h"

#include <gmock/gmock.h>

#include <cmath>

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;

// Documents {0: 1, 1: 3} and {1: 2}; nobody holds term 2.
CsrMatrix Documents() {
  return {.num_rows = 2,
          .num_cols = 3,
          .row_begin = {0, 2, 3},
          .column = {0, 1, 1},
          .value = {1, 3, 2}};
}

TEST(TermWeightsTest, TfIdfMultipliesByTheRarity) {
  const TermWeights weights = LearnTermWeights(Documents(), {.weighting = TermWeighting::kTfIdf});

  const CsrMatrix weighed = Weighed(Documents(), weights);

  EXPECT_THAT(weighed.value, ElementsAre(FloatEq(std::log(3.0F)), FloatEq(3 * std::log(2.0F)),
                                         FloatEq(2 * std::log(2.0F))));
  EXPECT_TRUE(IsSound(weights, 3));
  EXPECT_FALSE(IsSound(weights, 4));
}

TEST(TermWeightsTest, Bm25DampsLargeValuesAndLongDocuments) {
  const TermWeights weights =
      LearnTermWeights(Documents(), {.weighting = TermWeighting::kBm25, .k1 = 2, .b = 0.5F});

  const CsrMatrix weighed = Weighed(Documents(), weights);

  // Lengths are 4 and 2, 3 on average; term 0 is in one document of two, term 1 in both.
  const float room = 2 * (0.5F + 0.5F * 4 / 3);
  EXPECT_THAT(weights.rarity[0], FloatEq(std::log(2.0F)));
  EXPECT_THAT(weights.rarity[1], FloatEq(std::log(1.2F)));
  EXPECT_THAT(weighed.value[0], FloatEq(std::log(2.0F) * 3 / (1 + room)));
  EXPECT_THAT(weighed.value[1], FloatEq(std::log(1.2F) * 9 / (3 + room)));
}

TEST(TermWeightsTest, NoneChangesNothing) {
  const TermWeights weights = LearnTermWeights(Documents(), {});

  EXPECT_EQ(Weighed(Documents(), weights).value, Documents().value);
  EXPECT_TRUE(IsSound(weights, 3));
}

}  // namespace
}  // namespace vitrine
