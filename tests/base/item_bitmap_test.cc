#include "vitrine/base/item_bitmap.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <vector>

#include "vitrine/base/random.h"

namespace vitrine {
namespace {

ItemIndex Item(std::size_t row) { return static_cast<ItemIndex>(row); }

// The slow, obvious set beside it.
void ExpectSame(const ItemBitmap& bitmap, const std::set<std::size_t>& oracle) {
  ASSERT_EQ(bitmap.Count(), oracle.size());
  for (std::size_t row = 0; row < bitmap.size() + 70; ++row) {
    ASSERT_EQ(bitmap.Contains(Item(row)), oracle.contains(row)) << "row " << row;
  }
}

std::set<std::size_t> Below(std::size_t size) {
  std::set<std::size_t> rows;
  for (std::size_t row = 0; row < size; ++row) rows.insert(rows.end(), row);
  return rows;
}

class ItemBitmapTest : public ::testing::TestWithParam<std::size_t> {};

INSTANTIATE_TEST_SUITE_P(OddSizes, ItemBitmapTest,
                         ::testing::Values(0, 1, 7, 63, 64, 65, 127, 128, 129, 1000));

TEST_P(ItemBitmapTest, StartsEmptyOrFull) {
  ExpectSame(ItemBitmap(GetParam()), {});
  ExpectSame(ItemBitmap(GetParam(), true), Below(GetParam()));
}

TEST_P(ItemBitmapTest, InsertsAndErasesLikeASet) {
  Random random(GetParam());
  ItemBitmap bitmap(GetParam(), true);
  std::set<std::size_t> oracle = Below(GetParam());

  for (int i = 0; i < 300; ++i) {
    const std::size_t row = random.Below(GetParam() + 40);
    if (random.Below(2) == 0) {
      bitmap.Insert(Item(row));
      oracle.insert(row);
    } else {
      bitmap.Erase(Item(row));
      oracle.erase(row);
    }
  }

  ExpectSame(bitmap, oracle);
}

TEST_P(ItemBitmapTest, IntersectsWithOneOfAnySize) {
  for (const std::size_t other_size : {0, 1, 64, 65, 200, 2000}) {
    Random random(GetParam());
    ItemBitmap bitmap(GetParam(), true);
    ItemBitmap other(other_size);
    std::set<std::size_t> oracle;
    for (std::size_t row = 0; row < other_size; ++row) {
      if (random.Below(3) == 0) continue;
      other.Insert(Item(row));
      if (row < GetParam()) oracle.insert(row);
    }

    bitmap.IntersectWith(other);

    EXPECT_EQ(bitmap.size(), GetParam());
    ExpectSame(bitmap, oracle);
  }
}

TEST_P(ItemBitmapTest, SubtractsOneOfAnySize) {
  for (const std::size_t other_size : {0, 1, 64, 65, 200, 2000}) {
    Random random(GetParam());
    ItemBitmap bitmap(GetParam(), true);
    ItemBitmap other(other_size);
    std::set<std::size_t> oracle = Below(GetParam());
    for (std::size_t row = 0; row < other_size; ++row) {
      if (random.Below(3) == 0) continue;
      other.Insert(Item(row));
      oracle.erase(row);
    }

    bitmap.Subtract(other);

    EXPECT_EQ(bitmap.size(), GetParam());
    ExpectSame(bitmap, oracle);
  }
}

TEST_P(ItemBitmapTest, UnitesWithOneOfAnySize) {
  for (const std::size_t other_size : {0, 1, 64, 65, 200, 2000}) {
    Random random(GetParam());
    ItemBitmap bitmap(GetParam());
    ItemBitmap other(other_size);
    std::set<std::size_t> oracle;
    for (std::size_t row = 0; row < std::max(other_size, GetParam()); ++row) {
      const bool is_in_first = row < GetParam() && random.Below(3) == 0;
      const bool is_in_other = row < other_size && random.Below(3) == 0;
      if (is_in_first) bitmap.Insert(Item(row));
      if (is_in_other) other.Insert(Item(row));
      if (is_in_first || is_in_other) oracle.insert(row);
    }

    bitmap.UnionWith(other);

    EXPECT_EQ(bitmap.size(), std::max(other_size, GetParam()));
    ExpectSame(bitmap, oracle);
  }
}

TEST(ItemBitmapGrowthTest, GrowingAFullBitmapAddsOnlyTheItem) {
  ItemBitmap bitmap(3, true);

  bitmap.Insert(Item(100));

  EXPECT_EQ(bitmap.size(), 101U);
  ExpectSame(bitmap, {0, 1, 2, 100});
}

TEST(ItemBitmapTest, ListsItsItemsInOrder) {
  ItemBitmap bitmap(200);
  for (const std::uint32_t row : {199U, 0U, 63U, 64U, 65U, 128U}) bitmap.Insert(ItemIndex{row});

  EXPECT_THAT(bitmap.Items(),
              ::testing::ElementsAre(ItemIndex{0}, ItemIndex{63}, ItemIndex{64}, ItemIndex{65},
                                     ItemIndex{128}, ItemIndex{199}));
  EXPECT_THAT(ItemBitmap().Items(), ::testing::IsEmpty());
  std::vector<ItemIndex> visited;
  bitmap.ForEach([&](ItemIndex item) { visited.push_back(item); });
  EXPECT_EQ(visited, bitmap.Items());
}

TEST_P(ItemBitmapTest, KnowsWhetherItHasAtMostSoMany) {
  ItemBitmap bitmap(GetParam(), true);
  if (GetParam() > 3) bitmap.Erase(ItemIndex{2});
  const std::size_t count = bitmap.Count();

  EXPECT_TRUE(bitmap.HasAtMost(count));
  EXPECT_TRUE(bitmap.HasAtMost(count + 1));
  EXPECT_EQ(bitmap.HasAtMost(count / 2), count / 2 == count);
  EXPECT_TRUE(count == 0 || !bitmap.HasAtMost(count - 1));
}

TEST_P(ItemBitmapTest, WhatItHoldsAndWhatIsAbsentMakeTheWhole) {
  const std::size_t size = GetParam();
  ItemBitmap bitmap(size, true);
  for (std::uint32_t row = 5; row < size; row += 131) bitmap.Erase(ItemIndex{row});

  std::vector<ItemIndex> absent = bitmap.Absent();

  for (const ItemIndex item : absent) EXPECT_FALSE(bitmap.Contains(item));
  EXPECT_TRUE(std::is_sorted(absent.begin(), absent.end()));
  const std::vector<ItemIndex> held = bitmap.Items();
  std::vector<ItemIndex> all;
  std::merge(held.begin(), held.end(), absent.begin(), absent.end(), std::back_inserter(all));
  ASSERT_EQ(all.size(), size);
  for (std::uint32_t row = 0; row < size; ++row) EXPECT_EQ(all[row], ItemIndex{row});
}

}  // namespace
}  // namespace vitrine
