// Models of vectors that put many items into blocks, which must not change a list, to the last bit.
#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "testing/status_matchers.h"
#include "vitrine/base/random.h"
#include "vitrine/math/coarse_index.h"
#include "vitrine/scorers/collaborative/factor_similarity.h"
#include "vitrine/scorers/collaborative/rating_mf.h"
#include "vitrine/scorers/dnn/gan_cf.h"
#include "vitrine/scorers/dnn/next_item.h"

namespace vitrine {
namespace {

using testing::IsOk;

constexpr auto kMany = static_cast<std::uint32_t>(CoarseIndex::kFewestInBlocks);

// Each seventh row of zeros.
Matrix SomeFactors(Eigen::Index num_cols) {
  Random random(1);
  Matrix factors(kMany, num_cols);
  for (float& value : factors.reshaped()) value = static_cast<float>(random.Normal());
  for (Eigen::Index row = 3; row < factors.rows(); row += 7) factors.row(row).setZero();
  return factors;
}

std::shared_ptr<const Scorer> MakeGanCf() {
  GanCfWeights weights{.encoder = SomeFactors(3), .decoder = SomeFactors(4)};
  weights.encoder_bias.setConstant(1, 3, 0.1F);
  auto scorer = GanCf::Create(std::move(weights), {});
  EXPECT_THAT(scorer, IsOk());
  return *scorer;
}

std::shared_ptr<const Scorer> MakeRatingMf() {
  RatingMfParts parts{.mean_rating = 3,
                      .item_vectors = SomeFactors(4),
                      .item_variances = Matrix::Constant(kMany, 4, 0.1F),
                      .user_penalties = Eigen::VectorXf::Constant(4, 1)};
  parts.item_variances.row(11).setZero();  // Never rated.
  auto scorer = RatingMf::Create(std::move(parts));
  EXPECT_THAT(scorer, IsOk());
  return *scorer;
}

std::shared_ptr<const Scorer> MakeNextItem() {
  Random random(2);
  SequenceNetwork network({.num_items = kMany, .dimensions = 4, .length = 5}, 0, random);
  network.items.weight.value = SomeFactors(4);
  auto scorer = NextItem::Create("sequence_rnn", std::move(network));
  EXPECT_THAT(scorer, IsOk());
  return *scorer;
}

std::shared_ptr<const Scorer> MakeSimilarity() {
  GanCfWeights weights{.encoder = SomeFactors(3), .decoder = SomeFactors(4)};
  weights.encoder_bias.setConstant(1, 3, 0.1F);
  auto owner = GanCf::Create(std::move(weights), {});
  EXPECT_THAT(owner, IsOk());
  static const ItemBitmap all(kMany, /*is_full=*/true);
  return MakeFactorSimilarity(*owner, (*owner)->weights().decoder, all);
}

using Make = std::shared_ptr<const Scorer> (*)();

class ManyItemsTest : public ::testing::TestWithParam<Make> {};

INSTANTIATE_TEST_SUITE_P(Scorers, ManyItemsTest,
                         ::testing::Values(&MakeGanCf, &MakeRatingMf, &MakeNextItem,
                                           &MakeSimilarity));

TEST_P(ManyItemsTest, ListsAreTheBestOfTheScores) {
  const std::shared_ptr<const Scorer> scorer = GetParam()();
  const std::vector<ItemIndex> items = ItemBitmap(kMany, /*is_full=*/true).Items();
  ItemBitmap some(kMany);
  for (std::uint32_t item = 0; item < kMany; item += 3) some.Insert(ItemIndex{item});
  for (const std::uint32_t touched : {1U, 20'000U, 49'999U}) {
    const std::vector<Interaction> history = {
        {.item = ItemIndex{touched}, .weight = 1, .value = 5, .type = EventType::kRate},
        {.item = ItemIndex{touched / 2}, .weight = 1, .value = 2, .type = EventType::kRate}};
    const std::vector<ItemIndex> page = {ItemIndex{touched}};
    const std::vector<ItemIndex> excluded = {ItemIndex{touched}};
    const Query query{.history = history, .context_items = page, .excluded = excluded};
    TopK best(50);
    TopK best_of_some(50);
    constexpr std::size_t kAtOnce = kMany / 5;  // Few, so that each is multiplied by itself.
    for (std::size_t begin = 0; begin < kMany; begin += kAtOnce) {
      const auto scored = std::span(items).subspan(begin, kAtOnce);
      Matrix scores(1, static_cast<Eigen::Index>(kAtOnce));
      scorer->Score({&query, 1}, scored, scores);
      for (std::size_t i = 0; i < kAtOnce; ++i) {
        if (scored[i] == excluded.front()) continue;
        const float score = scores(0, static_cast<Eigen::Index>(i));
        best.Offer(scored[i], score);
        if (some.Contains(scored[i])) best_of_some.Offer(scored[i], score);
      }
    }

    const auto list = scorer->Retrieve({&query, 1}, nullptr, 50).front();

    EXPECT_EQ(list.size(), 50U);
    EXPECT_EQ(list, best.Take()) << "about item " << touched;
    EXPECT_EQ(scorer->Retrieve({&query, 1}, &some, 50).front(), best_of_some.Take());
  }
}

}  // namespace
}  // namespace vitrine
