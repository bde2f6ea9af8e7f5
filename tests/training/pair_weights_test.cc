#include "training/pair_weights.h"

#include <gmock/gmock.h>

#include <cmath>

#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::IsEmpty;
using testing::IsOk;

Interaction Touch(std::uint32_t item, float weight) { return {0, ItemIndex{item}, weight}; }

Dataset TwoUsers() {
  Dataset dataset;
  dataset.item_ids = {"a", "b", "c"};
  dataset.interactions = {Touch(2, 1), Touch(0, 3), Touch(2, 6), Touch(1, -3), Touch(1, 1)};
  dataset.user_begin = {0, 3, 5};
  return dataset;
}

TouchWeights Read(const std::string& weighting) {
  SettingReader reader("toy", {{"weighting", weighting}, {"context_weight", "2"}}, {});
  const TouchWeights weights = ReadTouchWeights(reader, TwoUsers());
  EXPECT_THAT(reader.status(), IsOk());
  return weights;
}

TEST(PairWeightsTest, DislikesAreNegativeOrLeftOut) {
  const CsrMatrix with_dislikes = SignedPairWeights(TwoUsers(), {});
  const CsrMatrix liked = LikedPairWeights(TwoUsers(), {});

  EXPECT_THAT(with_dislikes.Columns(1), ElementsAre(1));
  EXPECT_THAT(with_dislikes.Values(1), ElementsAre(-2));
  EXPECT_THAT(liked.Columns(0), ElementsAre(0, 2));
  EXPECT_THAT(liked.Values(0), ElementsAre(3, 7));
  EXPECT_THAT(liked.Columns(1), IsEmpty());
  EXPECT_EQ(liked.num_cols, 3U);
}

TEST(PairWeightsTest, LikedPairsWeighOneOnAverageWhateverTheUnit) {
  for (const std::string weighting : {"linear", "log", "binary"}) {
    const CsrMatrix liked = LikedPairWeights(TwoUsers(), Read(weighting));
    EXPECT_FLOAT_EQ(liked.value[0] + liked.value[1], 2) << weighting;
  }
}

TEST(PairWeightsTest, TheSettingSaysHowStrongRepeatsAre) {
  EXPECT_THAT(LikedPairWeights(TwoUsers(), Read("linear")).value,
              ElementsAre(FloatEq(0.6F), FloatEq(1.4F)));
  EXPECT_THAT(LikedPairWeights(TwoUsers(), Read("log")).value,
              ElementsAre(FloatEq(0.8F), FloatEq(1.2F)));
  EXPECT_THAT(LikedPairWeights(TwoUsers(), Read("binary")).value, ElementsAre(1, 1));
  EXPECT_EQ(Read("log").context_weight, 2);
}

TEST(PairWeightsTest, WithoutLikedPairsTheScaleIsOne) {
  SettingReader reader("toy", {{"weighting", "linear"}, {"context_weight", "2"}}, {});

  EXPECT_EQ(ReadTouchWeights(reader, Dataset{}).scale, 1);
}

}  // namespace
}  // namespace vitrine
