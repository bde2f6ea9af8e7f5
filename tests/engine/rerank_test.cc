#include "engine/rerank.h"

#include <gmock/gmock.h>

#include <cstdint>
#include <vector>

#include "vitrine/base/random.h"

namespace vitrine {
namespace {

std::vector<ItemIndex> ItemsOf(const std::vector<BlendedItem>& list) {
  std::vector<ItemIndex> items;
  for (const BlendedItem& each : list) items.push_back(each.item);
  return items;
}

// One item in `one_in`, of 600.
ItemBitmap Some(std::uint64_t one_in, Random& random) {
  ItemBitmap some(600);
  for (std::uint32_t item = 0; item < 600; ++item) {
    if (random.Below(one_in) == 0) some.Insert(ItemIndex{item});
  }
  return some;
}

// Few numbers, so that many are as popular; the last hundred items came later.
TEST(MostPopularOfTest, TheOrderOfThoseThatAreMostPopularChangesNoList) {
  Random random(1);
  std::vector<float> popularity(500);
  for (float& value : popularity) value = static_cast<float>(random.Below(40));
  for (const std::size_t num_ranked : {1U, 30U, 200U, 900U}) {
    const RankedValues ranked = RankValues(popularity, num_ranked, 0);
    for (const std::uint64_t one_in : {1U, 2U, 9U, 70U}) {
      const ItemBitmap allowed = Some(one_in, random);
      for (const std::size_t k : {0U, 1U, 7U, 40U, 700U}) {
        EXPECT_EQ(ItemsOf(MostPopularOf(allowed, ranked, k)),
                  ItemsOf(MostPopularOf(allowed, {.values = popularity}, k)))
            << num_ranked << " ranked, one in " << one_in << ", k = " << k;
      }
    }
  }
}

TEST(MostPopularOfTest, ThoseOfNoPopularityComeLast) {
  const ItemBitmap all(4, /*is_full=*/true);
  for (const std::size_t num_ranked : {1U, 3U}) {
    const RankedValues ranked = RankValues({0, 0, 2}, num_ranked, 0);

    EXPECT_THAT(ItemsOf(MostPopularOf(all, ranked, 4)),
                ::testing::ElementsAre(ItemIndex{2}, ItemIndex{0}, ItemIndex{1}, ItemIndex{3}));
  }
}

}  // namespace
}  // namespace vitrine
