// What blocks of many items must not change: the lists, to the last bit.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "scorers/slow_best.h"
#include "vitrine/base/random.h"
#include "vitrine/scorers/content/content.h"

namespace vitrine {
namespace {

using testing::SlowBest;

constexpr std::uint32_t kItems = 4000;
constexpr std::uint32_t kKinds = 40;
constexpr std::size_t kNeverInBlocks = std::numeric_limits<std::size_t>::max();

// Items of forty kinds: half of the words of an item are of its kind, others of any, and the first
// few words nearly all have. Every eleventh has no words.
CsrMatrix SomeWords(Random& random) {
  constexpr std::uint32_t kWordsOfKind = 30;
  constexpr std::uint32_t kEverywhere = 4;
  CsrMatrix words;
  words.num_rows = kItems;
  words.num_cols = kEverywhere + kKinds * kWordsOfKind;
  for (std::uint32_t item = 0; item < kItems; ++item) {
    std::vector<std::uint32_t> columns;
    for (std::uint32_t word = 0; word < kEverywhere; ++word) {
      if (random.Below(4) != 0) columns.push_back(word);
    }
    for (int i = 0; i < 10; ++i) {
      const std::uint64_t kind = i % 2 == 0 ? item % kKinds : random.Below(kKinds);
      const std::uint64_t word = kEverywhere + kind * kWordsOfKind + random.Below(kWordsOfKind);
      columns.push_back(static_cast<std::uint32_t>(word));
    }
    std::sort(columns.begin(), columns.end());
    columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
    if (item % 11 == 3) columns.clear();
    std::vector<float> values;
    double squared = 0;
    for (const std::uint32_t column : columns) {
      const double value = (column < kEverywhere ? 0.2 : 1) * (0.5 + random.Uniform());
      values.push_back(static_cast<float>(value));
      squared += value * value;
    }
    for (float& value : values) value /= static_cast<float>(std::sqrt(squared));
    words.column.insert(words.column.end(), columns.begin(), columns.end());
    words.value.insert(words.value.end(), values.begin(), values.end());
    words.row_begin.push_back(words.column.size());
  }
  return words;
}

// A direction for each kind; every thirteenth item means nothing.
Matrix SomeMeaning(Random& random) {
  Matrix meaning(kItems, 12);
  Matrix directions(kKinds, 12);
  for (float& value : directions.reshaped()) value = static_cast<float>(random.Normal());
  for (float& value : meaning.reshaped()) value = 0.4F * static_cast<float>(random.Normal());
  for (Eigen::Index item = 0; item < meaning.rows(); ++item) {
    meaning.row(item) += directions.row(item % kKinds);
    meaning.row(item).normalize();
    if (item % 13 == 5) meaning.row(item).setZero();
  }
  return meaning;
}

ContentTable SomeTable(float meaning_weight) {
  Random random(1);
  ContentTable table;
  table.items = SomeWords(random);
  for (std::size_t i = 0; i < table.items.num_cols; ++i) table.features.push_back("word");
  if (meaning_weight > 0) table.meaning = SomeMeaning(random);
  table.options.meaning_weight = meaning_weight;
  return table;
}

std::shared_ptr<const Content> MadeOf(ContentTable table, std::size_t fewest_in_blocks) {
  auto content = Content::Create(std::move(table), fewest_in_blocks);
  EXPECT_TRUE(content.ok());
  return *content;
}

// A few items at once, as what was retrieved is scored.
std::vector<float> ScoresOfAFewAtOnce(const Content& content, const Query& query) {
  constexpr std::uint32_t kAtOnce = kItems / 20;
  std::vector<float> scores;
  for (std::uint32_t begin = 0; begin < kItems; begin += kAtOnce) {
    std::vector<ItemIndex> items;
    for (std::uint32_t i = begin; i < begin + kAtOnce; ++i) items.push_back(ItemIndex{i});
    Matrix some(1, static_cast<Eigen::Index>(items.size()));
    content.Score({&query, 1}, items, some);
    scores.insert(scores.end(), some.data(), some.data() + some.size());
  }
  return scores;
}

struct Shopper {
  std::vector<Interaction> history{};
  std::vector<ItemIndex> page{};
};

// Of one item, of many, of dislikes too and of these alone, and of nothing that is known.
std::vector<Shopper> SomeShoppers() {
  Random random(2);
  const auto draw = [&] { return ItemIndex{static_cast<std::uint32_t>(random.Below(kItems))}; };
  std::vector<Shopper> shoppers(9);
  shoppers[0].page = {ItemIndex{7}};
  shoppers[1].page = {ItemIndex{3}};  // Without words,
  shoppers[2].page = {ItemIndex{5}};  // without meaning.
  shoppers[3].history = {{0, draw(), -1}, {0, draw(), -2}};
  shoppers[4].page = {ItemIndex{kItems + 9}};
  for (std::size_t s = 5; s < shoppers.size(); ++s) {
    for (std::size_t i = 0; i < 4 * s * s - 90; ++i) {
      const float weight = s % 2 == 0 && i % 3 == 1 ? -2.0F : 1.0F;
      shoppers[s].history.push_back({0, draw(), weight});
    }
  }
  return shoppers;
}

class ContentRetrievalTest : public ::testing::TestWithParam<float /*meaning_weight*/> {};

INSTANTIATE_TEST_SUITE_P(MeaningWeights, ContentRetrievalTest,
                         ::testing::Values(0.0F, 0.25F, 3.0F));

TEST_P(ContentRetrievalTest, BlocksChangeNoList) {
  const auto content = MadeOf(SomeTable(GetParam()), 0);
  ItemBitmap few(kItems);
  for (std::uint32_t i = 0; i < kItems; i += 37) few.Insert(ItemIndex{i});
  ItemBitmap most(kItems, /*is_full=*/true);
  for (std::uint32_t i = 0; i < kItems; i += 5) most.Erase(ItemIndex{i});
  ItemBitmap hardly_any(kItems + 30);  // So few that no block is looked at; one came later.
  for (std::uint32_t i = 0; i < kItems + 30; i += 201) hardly_any.Insert(ItemIndex{i});
  const std::vector<const ItemBitmap*> filters = {nullptr, &few, &most, &hardly_any};
  for (const Shopper& shopper : SomeShoppers()) {
    const std::vector<float> scores =
        ScoresOfAFewAtOnce(*content, {.history = shopper.history, .context_items = shopper.page});
    std::vector<ItemIndex> excluded;
    for (const ItemBitmap* const allowed : filters) {
      for (const std::size_t k : {0U, 1U, 20U, 300U, 9000U}) {
        const Query query{
            .history = shopper.history, .context_items = shopper.page, .excluded = excluded};
        const auto expected = SlowBest(scores, query, allowed, k);
        EXPECT_EQ(content->Retrieve({&query, 1}, allowed, k).front(), expected)
            << shopper.history.size() << " interactions, k = " << k;
        if (k != 20) continue;
        for (const ScoredItem& each : expected) excluded.push_back(each.item);
        std::sort(excluded.begin(), excluded.end());
        excluded.erase(std::unique(excluded.begin(), excluded.end()), excluded.end());
      }
    }
  }
}

TEST_P(ContentRetrievalTest, ListsAreThoseWithoutBlocksButForTheRoundingOfMeaning) {
  const auto in_blocks = MadeOf(SomeTable(GetParam()), 0);
  const auto in_order = MadeOf(SomeTable(GetParam()), kNeverInBlocks);
  for (const Shopper& shopper : SomeShoppers()) {
    const Query query{.history = shopper.history, .context_items = shopper.page};

    const auto list = in_blocks->Retrieve({&query, 1}, nullptr, 100).front();

    const auto expected = in_order->Retrieve({&query, 1}, nullptr, 100).front();
    if (GetParam() == 0) {
      EXPECT_EQ(list, expected);
    } else {
      ASSERT_EQ(list.size(), expected.size());
      for (std::size_t i = 0; i < list.size(); ++i) {
        EXPECT_NEAR(list[i].score, expected[i].score, 1e-5F);
      }
    }
  }
}

TEST_P(ContentRetrievalTest, BatchesAreAsOneByOne) {
  const auto content = MadeOf(SomeTable(GetParam()), 0);
  const std::vector<Shopper> shoppers = SomeShoppers();
  std::vector<Query> queries;
  for (const Shopper& shopper : shoppers) {
    queries.push_back({.history = shopper.history, .context_items = shopper.page});
  }

  const auto lists = content->Retrieve(queries, nullptr, 50);

  for (std::size_t q = 0; q < queries.size(); ++q) {
    EXPECT_EQ(lists[q], content->Retrieve({&queries[q], 1}, nullptr, 50).front());
  }
}

// Such have all the bound that their block has.
TEST(ContentBlocksTest, ItemsThatAreAllAlikeStandByTheirIndex) {
  ContentTable table;
  table.features = {"word: mug", "word: cup"};
  table.items.num_rows = kItems;
  table.items.num_cols = 2;
  for (std::uint32_t item = 0; item < kItems; ++item) {
    table.items.column.insert(table.items.column.end(), {0, 1});
    table.items.value.insert(table.items.value.end(), {0.6F, 0.8F});
    table.items.row_begin.push_back(table.items.column.size());
  }
  table.meaning = Matrix::Constant(kItems, 3, 1 / std::sqrt(3.0F));
  table.options.meaning_weight = 0.3F;
  const std::vector<ItemIndex> page = {ItemIndex{1234}};
  const Query query{.context_items = page};

  const auto list = MadeOf(table, 0)->Retrieve({&query, 1}, nullptr, 10).front();

  ASSERT_EQ(list.size(), 10U);
  for (std::uint32_t i = 0; i < 10; ++i) EXPECT_EQ(list[i].item, ItemIndex{i});
}

TEST(ContentBlocksTest, WordsThatCountLessThanNothingChangeNoList) {
  ContentTable table = SomeTable(0);
  for (std::size_t i = 0; i < table.items.value.size(); i += 3) table.items.value[i] *= -1;
  const auto content = MadeOf(std::move(table), 0);
  for (const Shopper& shopper : SomeShoppers()) {
    const Query query{.history = shopper.history, .context_items = shopper.page};

    EXPECT_EQ(content->Retrieve({&query, 1}, nullptr, 60).front(),
              SlowBest(ScoresOfAFewAtOnce(*content, query), query, nullptr, 60));
  }
}

TEST(ContentBlocksTest, MeaningThatOverflowsOrHasNoDimensionsIsNone) {
  const std::vector<ItemIndex> page = {ItemIndex{7}};
  const Query query{.context_items = page};
  ContentTable overflowing = SomeTable(100);
  overflowing.meaning.row(7).setConstant(std::numeric_limits<float>::max());
  ContentTable flat = SomeTable(100);
  flat.meaning.resize(kItems, 0);

  const auto expected = MadeOf(SomeTable(0), 0)->Retrieve({&query, 1}, nullptr, 30).front();

  ASSERT_EQ(expected.size(), 30U);
  for (const ContentTable& table : {overflowing, flat}) {
    EXPECT_EQ(MadeOf(table, 0)->Retrieve({&query, 1}, nullptr, 30).front(), expected);
  }
}

// A dislike times such a word is -0, as if the item did not have it.
TEST(ContentBlocksTest, WordsThatCountNothingChangeNoList) {
  ContentTable table = SomeTable(0);
  for (std::size_t i = 0; i < table.items.value.size(); i += 3) table.items.value[i] = 0;
  const auto in_blocks = MadeOf(table, 0);
  const auto in_order = MadeOf(std::move(table), kNeverInBlocks);
  for (const Shopper& shopper : SomeShoppers()) {
    const Query query{.history = shopper.history, .context_items = shopper.page};

    const auto list = in_blocks->Retrieve({&query, 1}, nullptr, kItems).front();

    EXPECT_EQ(list, in_order->Retrieve({&query, 1}, nullptr, kItems).front());
    EXPECT_EQ(list, SlowBest(ScoresOfAFewAtOnce(*in_blocks, query), query, nullptr, kItems));
  }
}

}  // namespace
}  // namespace vitrine
