#include "vitrine/scorers/collaborative/linear_map.h"

#include <gmock/gmock.h>

#include <vector>

#include "vitrine/math/sparse_product.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ItemIndex ItemAt(std::uint32_t number) { return ItemIndex{number}; }

// Items 0 to 2 are known, 3 is not. Row j: what j says of each.
LinearMap SmallMap() {
  LinearMapParts parts{.name = "small", .known = ItemBitmap(4), .num_items = 4};
  for (std::uint32_t i = 0; i < 3; ++i) parts.known.Insert(ItemAt(i));
  parts.map = [](const CsrMatrix& weights) {
    Matrix map(4, 4);
    map << 0, 1, 2, 9,   //
        4, 0, 3, 9,      //
        -1, 0.5F, 0, 9,  //
        9, 9, 9, 9;
    return Multiply(weights, map, nullptr);
  };
  return LinearMap(std::move(parts));
}

TEST(LinearMapTest, SumsTheRowsOfWhatTheShopperTouched) {
  const std::vector<Interaction> history = {{0, ItemAt(0), 2}, {0, ItemAt(2), 1}};
  const Query query{.history = history};

  const auto lists = SmallMap().Retrieve({&query, 1}, nullptr, 10);

  EXPECT_THAT(lists.front(), ElementsAre(ScoredItem{ItemAt(2), 4}, ScoredItem{ItemAt(1), 2.5F},
                                         ScoredItem{ItemAt(0), -1}));
}

TEST(LinearMapTest, ScoresItemsInAnyOrder) {
  const std::vector<Interaction> history = {{0, ItemAt(1), 1}};
  const Query query{.history = history};
  const std::vector<ItemIndex> items = {ItemAt(2), ItemAt(0), ItemAt(3), ItemAt(50)};
  Matrix scores(1, 4);

  SmallMap().Score({&query, 1}, items, scores);

  EXPECT_THAT(scores.reshaped(), ElementsAre(3, 4, kUnscored, kUnscored));
}

TEST(LinearMapTest, ShowsOnlyWhatItMay) {
  const std::vector<Interaction> history = {{0, ItemAt(1), 1}};
  const std::vector<ItemIndex> excluded = {ItemAt(0)};
  const Query query{.history = history, .excluded = excluded};
  ItemBitmap allowed(4);
  allowed.Insert(ItemAt(0));
  allowed.Insert(ItemAt(1));

  const auto lists = SmallMap().Retrieve({&query, 1}, &allowed, 10);

  EXPECT_THAT(lists.front(), ElementsAre(ScoredItem{ItemAt(1), 0}));
}

TEST(LinearMapTest, SaysNothingToAShopperWhoTouchedNothingThatIsKnown) {
  const std::vector<Interaction> history = {{0, ItemAt(3), 1}, {0, ItemAt(70), 1}};
  const std::vector<Query> queries = {{}, {.history = history}};

  const auto lists = SmallMap().Retrieve(queries, nullptr, 10);

  EXPECT_THAT(lists, ElementsAre(IsEmpty(), IsEmpty()));
}

TEST(LinearMapTest, ManyQueriesGetWhatEachGetsAlone) {
  std::vector<Interaction> history;
  for (std::uint32_t i = 0; i < 150; ++i) {
    history.push_back({0, ItemAt(i % 3), 1.0F + static_cast<float>(i)});
  }
  std::vector<Query> queries;
  for (std::size_t i = 0; i < history.size(); ++i) {
    queries.push_back({.history = std::span(history).subspan(i, 1)});
  }

  const auto lists = SmallMap().Retrieve(queries, nullptr, 2);

  ASSERT_EQ(lists.size(), queries.size());
  for (std::size_t i = 0; i < queries.size(); ++i) {
    EXPECT_EQ(lists[i], SmallMap().Retrieve({&queries[i], 1}, nullptr, 2).front()) << i;
  }
}

}  // namespace
}  // namespace vitrine
