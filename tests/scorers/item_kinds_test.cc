#include "vitrine/scorers/collaborative/item_kinds.h"

#include <gmock/gmock.h>

#include <vector>

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Items 0 and 3 are in category 0, 1 and 4 in categories 0 and 2, 2 in none.
CsrMatrix SomeCategories() {
  CsrMatrix categories;
  categories.num_rows = 5;
  categories.num_cols = 4;
  categories.row_begin = {0, 1, 3, 3, 4, 6};
  categories.column = {0, 0, 2, 0, 0, 2};
  categories.value.assign(6, 1);
  return categories;
}

TEST(ItemKindsTest, GathersItemsOfTheSameCategoriesInTheirOrder) {
  const std::vector<ItemIndex> order = {ItemIndex{4}, ItemIndex{3}, ItemIndex{2}, ItemIndex{0},
                                        ItemIndex{1}};

  const ItemKinds kinds(SomeCategories(), order);

  EXPECT_THAT(kinds.In(0), ElementsAre(0, 1));
  EXPECT_THAT(kinds.In(1), IsEmpty());
  EXPECT_THAT(kinds.In(2), ElementsAre(0));
  EXPECT_THAT(kinds.Items(0), ElementsAre(ItemIndex{4}, ItemIndex{1}));
  EXPECT_THAT(kinds.Items(1), ElementsAre(ItemIndex{3}, ItemIndex{0}));
}

TEST(ItemKindsTest, LeavesOutWhatIsNotInTheOrder) {
  const std::vector<ItemIndex> order = {ItemIndex{0}};

  const ItemKinds kinds(SomeCategories(), order);

  EXPECT_THAT(kinds.In(0), ElementsAre(0));
  EXPECT_THAT(kinds.In(2), IsEmpty());
  EXPECT_THAT(kinds.Items(0), ElementsAre(ItemIndex{0}));
  EXPECT_THAT(ItemKinds(SomeCategories(), {}).In(0), IsEmpty());
}

}  // namespace
}  // namespace vitrine
