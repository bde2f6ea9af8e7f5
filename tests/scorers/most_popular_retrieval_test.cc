// Holds the lists that MostPopular finds by walking against the best of all its scores.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "scorers/slow_best.h"
#include "testing/status_matchers.h"
#include "vitrine/base/random.h"
#include "vitrine/scorers/collaborative/most_popular.h"

namespace vitrine {
namespace {

using testing::IsOk;
using testing::SlowBest;

constexpr std::size_t kItems = 3000;
constexpr std::uint32_t kShelves = 6;
constexpr std::uint32_t kParts = 4;  // Of a shelf.

// How popularities are spread.
enum class Spread {
  kSkewed,      // No two alike; one item in three nobody touched.
  kCounts,      // Whole numbers, most of them often.
  kNeighbours,  // So close to each other that dividing by the largest makes equals of some.
  kHardlyAny,   // A new shop.
  kFaded,       // As small as floats go.
};

float PopularityIn(Spread spread, Random& random) {
  switch (spread) {
    case Spread::kSkewed:
      return random.Below(3) == 0 ? 0 : static_cast<float>(std::exp(2 * random.Normal()));
    case Spread::kCounts:
      return static_cast<float>(random.Below(1 + random.Below(6)));
    case Spread::kNeighbours:
      if (random.Below(500) == 0) return 3;
      return 1.9F - 1.2e-7F * static_cast<float>(random.Below(40));
    case Spread::kHardlyAny:
      return random.Below(300) == 0 ? 1 + static_cast<float>(random.Below(3)) : 0;
    case Spread::kFaded:
      return 1e-45F * static_cast<float>(random.Below(50));
  }
  return 0;
}

// Of the categories below: shelves, then the parts of each.
std::uint32_t PartOf(std::uint32_t shelf, std::uint32_t part) {
  return kShelves + shelf * kParts + part;
}

std::string NameOf(std::uint32_t shelf) { return "Shelf " + std::to_string(shelf); }

// Most items have a part of a shelf as their own path, some have two or three, or a whole shelf.
MostPopularTable MadeUpTable(Spread spread, float category_mix) {
  Random random(7);
  MostPopularTable table{.category_mix = category_mix};
  for (std::uint32_t shelf = 0; shelf < kShelves; ++shelf) {
    table.category_names.push_back(NameOf(shelf));
  }
  for (std::uint32_t shelf = 0; shelf < kShelves; ++shelf) {
    for (std::uint32_t part = 0; part < kParts; ++part) {
      table.category_names.push_back(NameOf(shelf) + " > " + std::to_string(part));
    }
  }
  for (std::size_t item = 0; item < kItems; ++item) {
    const bool is_known = random.Below(50) != 0;
    table.popularity.push_back(is_known ? PopularityIn(spread, random) : kUnscored);
    std::map<std::uint32_t, float> marks;
    const std::uint64_t num_paths = random.Below(5) == 0 ? random.Below(4) : 1;
    for (std::uint64_t i = 0; i < num_paths; ++i) {
      const auto shelf = static_cast<std::uint32_t>(random.Below(1 + random.Below(kShelves)));
      const auto part = static_cast<std::uint32_t>(random.Below(kParts + 1));
      marks[shelf] = part == kParts ? 2 : std::max(marks[shelf], 1.0F);
      if (part < kParts) marks[PartOf(shelf, part)] = 2;
    }
    for (const auto& [category, mark] : marks) {
      table.categories.column.push_back(category);
      table.categories.value.push_back(mark);
    }
    table.categories.row_begin.push_back(table.categories.column.size());
  }
  table.categories.num_rows = kItems;
  table.categories.num_cols = table.category_names.size();
  return table;
}

// Nobody, a page about a shelf, one about several, one of items, and histories short and long.
class Questions {
 public:
  Questions() {
    Random random(3);
    for (int i = 0; i < 40; ++i) {
      const ItemIndex item{static_cast<std::uint32_t>(random.Below(kItems))};
      history_.push_back({0, item, static_cast<float>(1 + random.Below(4))});
    }
  }
  Questions(const Questions&) = delete;
  Questions& operator=(const Questions&) = delete;

  std::vector<Query> All() const {
    return {{},
            {.categories = one_},
            {.categories = some_},
            {.context_items = page_},
            {.history = std::span(history_).first(3)},
            {.history = history_}};
  }

 private:
  std::vector<std::string> one_ = {NameOf(0)};
  std::vector<std::string> some_ = {NameOf(5) + " > 1", NameOf(0) + " > 2", NameOf(0)};
  std::vector<ItemIndex> page_ = {ItemIndex{17}, ItemIndex{18}, ItemIndex{19}};
  std::vector<Interaction> history_{};
};

// Everything, half of it, a few items, only what hardly anybody touched, and nothing.
std::vector<ItemBitmap> Filters(const MostPopularTable& table) {
  std::vector<ItemBitmap> filters(5, ItemBitmap(kItems));
  std::vector<float> sorted = table.popularity;
  std::sort(sorted.begin(), sorted.end());
  const float low = sorted[kItems / 10];
  Random random(5);
  for (std::uint32_t i = 0; i < kItems; ++i) {
    filters[0].Insert(ItemIndex{i});
    if (random.Below(2) == 0) filters[1].Insert(ItemIndex{i});
    if (random.Below(200) == 0) filters[2].Insert(ItemIndex{i});
    if (table.popularity[i] <= low) filters[3].Insert(ItemIndex{i});
  }
  return filters;
}

void ExpectTheBest(const MostPopular& scorer, const Query& query,
                   std::span<const ItemBitmap* const> filters) {
  const std::vector<ItemIndex> all = ItemBitmap(kItems, /*is_full=*/true).Items();
  Matrix matrix(1, static_cast<Eigen::Index>(kItems));
  scorer.Score({&query, 1}, all, matrix);
  const std::span<const float> scores(matrix.data(), kItems);
  for (std::size_t f = 0; f < filters.size(); ++f) {
    for (const std::size_t k : {0U, 1U, 7U, 100U, 5000U}) {
      EXPECT_EQ(scorer.Retrieve({&query, 1}, filters[f], k).front(),
                SlowBest(scores, query, filters[f], k))
          << "filter " << f << ", k = " << k;
    }
  }
}

class MostPopularRetrievalTest
    : public ::testing::TestWithParam<std::tuple<Spread, float /*category_mix*/>> {};

INSTANTIATE_TEST_SUITE_P(Spreads, MostPopularRetrievalTest,
                         ::testing::Combine(::testing::Values(Spread::kSkewed, Spread::kCounts,
                                                              Spread::kNeighbours,
                                                              Spread::kHardlyAny, Spread::kFaded),
                                            ::testing::Values(0.0F, 1.0F, 30.0F)));

TEST_P(MostPopularRetrievalTest, FindsTheVeryBestOfAllScores) {
  const MostPopularTable table = MadeUpTable(std::get<0>(GetParam()), std::get<1>(GetParam()));
  const auto scorer = MostPopular::Create(table);
  ASSERT_THAT(scorer, IsOk());
  const std::vector<ItemBitmap> bitmaps = Filters(table);
  std::vector<const ItemBitmap*> filters = {nullptr};
  for (const ItemBitmap& bitmap : bitmaps) filters.push_back(&bitmap);
  const Questions questions;

  std::size_t number = 0;
  for (Query query : questions.All()) {
    SCOPED_TRACE(number++);
    ExpectTheBest(**scorer, query, filters);

    // The first of them left out.
    std::vector<ItemIndex> excluded;
    const std::vector<ScoredItem> best = (*scorer)->Retrieve({&query, 1}, nullptr, 50).front();
    for (const ScoredItem& each : best) excluded.push_back(each.item);
    std::sort(excluded.begin(), excluded.end());
    query.excluded = excluded;
    ExpectTheBest(**scorer, query, filters);
  }
}

TEST(MostPopularRetrievalTest, ScoresThatRoundToTheSameStandByTheirIndex) {
  const float less = std::nextafter(1.9F, 2.0F);
  const float more = std::nextafter(less, 2.0F);
  ASSERT_EQ(less / 3, more / 3);
  MostPopularTable table;
  table.popularity = {less, more, 3};
  table.categories.num_rows = 3;
  table.categories.row_begin = {0, 0, 0, 0};
  const auto scorer = MostPopular::Create(table);
  ASSERT_THAT(scorer, IsOk());
  const Query query;

  const auto best = (*scorer)->Retrieve({&query, 1}, nullptr, 2).front();

  ASSERT_EQ(best.size(), 2U);
  EXPECT_EQ(best[1].item, ItemIndex{0});
}

}  // namespace
}  // namespace vitrine
