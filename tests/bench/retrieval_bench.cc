// Times how the best few of a large catalogue are found.
//
//   retrieval_bench [NUM_ITEMS]
//
// A made-up catalogue of a million items, unless told otherwise; one thread, lists of 100. Factors
// are of 64 dimensions, about 2,000 directions, with lengths that fall off as popularities do and
// noise that is as long as told beside the direction: 0.3 for what is clustered well, 1 for what is
// hardly. Texts are of a category, a part of it, a brand and eight words, five of these such as the
// part has; their meaning is of 32 dimensions. A million items want 1.5 GB.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "bench/measuring.h"
#include "engine/rerank.h"
#include "scorers/factor_scan.h"
#include "vitrine/base/random.h"
#include "vitrine/math/unit_rows.h"
#include "vitrine/scorers/collaborative/most_popular.h"
#include "vitrine/scorers/content/content.h"

namespace vitrine {
namespace {

constexpr std::size_t kListLength = 100;
constexpr std::size_t kRounds = 200;

// Of ask(i) for i = 0 to kRounds - 1.
template <typename Ask>
void PrintWaits(const std::string& what, const Ask& ask) {
  std::vector<double> waits;
  for (std::size_t i = 0; i < kRounds; ++i) {
    const Micros start = MonotonicNow();
    ask(i);
    waits.push_back(1000 * SecondsSince(start));
  }
  std::sort(waits.begin(), waits.end());
  std::printf("%-56s p50 %8.3f ms   p99 %8.3f ms\n", what.c_str(), waits[waits.size() / 2],
              waits[waits.size() * 99 / 100]);
  std::fflush(stdout);
}

// One item in `one_in`.
ItemBitmap Some(std::size_t num_items, std::uint64_t one_in) {
  Random random(one_in);
  ItemBitmap some(num_items);
  for (std::size_t item = 0; item < num_items; ++item) {
    if (random.Below(one_in) == 0) some.Insert(static_cast<ItemIndex>(item));
  }
  return some;
}

// Fourteen categories of twenty parts each, an item in one part; the popularity of the item of rank
// r is 1 / r, and half of the items nobody touched.
MostPopularTable MadeUpTable(std::size_t num_items) {
  constexpr std::uint32_t kTops = 14;
  constexpr std::uint32_t kParts = 20;
  Random random(1);
  MostPopularTable table;
  for (std::uint32_t top = 0; top < kTops; ++top) {
    table.category_names.push_back("Category " + std::to_string(top));
  }
  for (std::uint32_t part = 0; part < kTops * kParts; ++part) {
    table.category_names.push_back(table.category_names[part / kParts] + " > " +
                                   std::to_string(part % kParts));
  }
  for (std::size_t item = 0; item < num_items; ++item) {
    const bool is_touched = item < num_items / 2;
    table.popularity.push_back(is_touched ? 1 / (1 + static_cast<float>(item)) : 0);
  }
  random.Shuffle(table.popularity);
  CsrMatrix& categories = table.categories;
  for (std::size_t item = 0; item < num_items; ++item) {
    const auto part = static_cast<std::uint32_t>(random.Below(kTops * kParts));
    categories.column.insert(categories.column.end(), {part / kParts, kTops + part});
    categories.value.insert(categories.value.end(), {1, 2});
    categories.row_begin.push_back(categories.column.size());
  }
  categories.num_rows = num_items;
  categories.num_cols = table.category_names.size();
  return table;
}

void TimeMostPopular(std::size_t num_items) {
  const Micros start = MonotonicNow();
  const auto scorer = MostPopular::Create(MadeUpTable(num_items));
  if (!scorer.ok()) return;
  std::printf("most_popular of %zu items: made up and sorted in %.2f s\n", num_items,
              SecondsSince(start));
  Random random(2);
  std::vector<std::vector<ItemIndex>> pages(kRounds);
  for (std::vector<ItemIndex>& page : pages) {
    for (int i = 0; i < 14; ++i) page.push_back(static_cast<ItemIndex>(random.Below(num_items)));
  }
  const std::vector<std::string> tops = {"Category 0", "Category 1", "Category 2", "Category 3",
                                         "Category 4", "Category 5", "Category 6"};
  const auto ask = [&](const Query& query, const ItemBitmap* allowed) {
    (*scorer)->Retrieve({&query, 1}, allowed, kListLength);
  };
  PrintWaits("  about nothing", [&](std::size_t) { ask({}, nullptr); });
  PrintWaits("  about seven of fourteen categories",
             [&](std::size_t) { ask({.categories = tops}, nullptr); });
  for (const std::uint64_t one_in : {1U, 10U, 50U, 1000U}) {
    const ItemBitmap some = Some(num_items, one_in);
    PrintWaits("  about fourteen items, one in " + std::to_string(one_in) + " allowed",
               [&](std::size_t i) { ask({.context_items = pages[i]}, &some); });
  }
  const std::vector<ItemIndex> all = ItemBitmap(num_items, /*is_full=*/true).Items();
  Matrix scores(1, static_cast<Eigen::Index>(num_items));
  PrintWaits("  about fourteen items, all scored", [&](std::size_t i) {
    const Query query{.context_items = pages[i]};
    (*scorer)->Score({&query, 1}, all, scores);
    TopKOf({scores.data(), num_items}, kListLength);
  });
}

// Rows about the directions, `noise` times as long across them as along.
Matrix MadeUpFactors(std::size_t num_items, float noise) {
  constexpr Eigen::Index kDimensions = 64;
  constexpr Eigen::Index kDirections = 2000;
  Random random(3);
  const auto draw = [&](Eigen::Ref<Matrix> rows) {
    for (float& value : rows.reshaped()) value = static_cast<float>(random.Normal());
  };
  Matrix directions(kDirections, kDimensions);
  draw(directions);
  Matrix factors(static_cast<Eigen::Index>(num_items), kDimensions);
  draw(factors);
  for (Eigen::Index row = 0; row < factors.rows(); ++row) {
    const auto direction = static_cast<Eigen::Index>(random.Below(kDirections));
    const auto length = static_cast<float>(std::exp(0.5 * random.Normal()));
    factors.row(row) = length * (directions.row(direction) + noise * factors.row(row));
  }
  return factors;
}

// The share of the blocks that can hold one of the best of this list.
double ShareOpen(const CoarseIndex& index, const Matrix& vector,
                 const std::vector<ScoredItem>& list) {
  const std::span<const float> numbers(vector.data(), static_cast<std::size_t>(vector.size()));
  const auto bounds = index.blocks.Bounds(numbers);
  const auto least = static_cast<double>(list.back().score);
  const auto num_open = std::count_if(bounds.begin(), bounds.end(),
                                      [least](const auto& each) { return each.most >= least; });
  return static_cast<double>(num_open) / static_cast<double>(bounds.size());
}

void TimeFactors(std::size_t num_items, float noise) {
  const Matrix factors = MadeUpFactors(num_items, noise);
  const ItemBitmap known = KnownRows(factors);
  std::vector<Matrix> vectors;
  Random random(4);
  for (std::size_t i = 0; i < kRounds; ++i) {
    vectors.push_back(factors.row(static_cast<Eigen::Index>(random.Below(num_items))) +
                      factors.row(static_cast<Eigen::Index>(random.Below(num_items))));
  }
  const Query query;
  for (const bool is_in_blocks : {false, true}) {
    const Micros start = MonotonicNow();
    const CoarseIndex index(factors, is_in_blocks ? 0 : num_items + 1);
    std::printf("factors of %zu items, noise %.1f, %s: made in %.2f s\n", num_items,
                static_cast<double>(noise), is_in_blocks ? "in blocks" : "in order",
                SecondsSince(start));
    const FactorTable table{&factors, &known, nullptr, &index};
    std::vector<std::vector<ScoredItem>> lists(kRounds);
    PrintWaits("  about two items", [&](std::size_t i) {
      lists[i] = RetrieveByFactors(table, vectors[i], {&query, 1}, nullptr, kListLength).front();
    });
    double open = 0;
    for (std::size_t i = 0; i < kRounds && is_in_blocks; ++i) {
      open += ShareOpen(index, vectors[i], lists[i]) / static_cast<double>(kRounds);
    }
    if (is_in_blocks) std::printf("  blocks looked at: %.1f %%\n", 100 * open);
  }
}

// What fills a list up: half of the items nobody touched.
void TimeLivePopularity(std::size_t num_items) {
  Random random(7);
  std::vector<float> popularity(num_items, 0);
  for (std::size_t item = 0; item < num_items / 2; ++item) {
    popularity[item] = 1 / (1 + static_cast<float>(item));
  }
  random.Shuffle(popularity);
  const Micros start = MonotonicNow();
  const RankedValues ranked = RankValues(popularity, RankedValues::kNumRanked, 0);
  std::printf("live popularity of %zu items: the largest found in %.2f ms\n", num_items,
              1000 * SecondsSince(start));
  for (const std::uint64_t one_in : {1U, 10U, 50U, 1000U}) {
    const ItemBitmap some = Some(num_items, one_in);
    const std::string what = "  one in " + std::to_string(one_in) + " allowed";
    PrintWaits(what, [&](std::size_t) { MostPopularOf(some, ranked, kListLength); });
    const RankedValues unranked{.values = popularity};
    PrintWaits(what + ", by a look at all",
               [&](std::size_t) { MostPopularOf(some, unranked, kListLength); });
  }
}

constexpr std::uint32_t kTextTops = 14;
constexpr std::uint32_t kTextParts = 280;  // Item i is of part i % kTextParts.

// What describes an item, ascending: features are the categories, their parts, brands, words of any
// text, words of each part.
std::vector<std::uint32_t> DrawText(std::uint32_t part, Random& random) {
  constexpr std::uint32_t kBrands = 2000;
  constexpr std::uint32_t kWords = 30'000;
  constexpr std::uint32_t kWordsOfPart = 200;
  // The first of `count` most, as words of a language are.
  const auto draw = [&random](std::uint32_t count) {
    return static_cast<std::uint32_t>(count * std::pow(random.Uniform(), 3));
  };
  std::uint32_t first = kTextTops + kTextParts;
  std::vector<std::uint32_t> features = {part % kTextTops, kTextTops + part};
  features.push_back(first + static_cast<std::uint32_t>(random.Below(kBrands)));
  first += kBrands;
  for (int i = 0; i < 3; ++i) features.push_back(first + draw(kWords));
  first += kWords + part * kWordsOfPart;
  for (int i = 0; i < 5; ++i) features.push_back(first + draw(kWordsOfPart));
  std::sort(features.begin(), features.end());
  features.erase(std::unique(features.begin(), features.end()), features.end());
  return features;
}

// TF-IDF of made-up texts, and a meaning near that of its part where `meaning_weight` is above 0.
ContentTable MadeUpTexts(std::size_t num_items, float meaning_weight) {
  constexpr Eigen::Index kDimensions = 32;
  constexpr std::size_t kFeatures = 90'000;
  Random random(5);
  ContentTable table;
  table.features.assign(kFeatures, "word");
  table.options.meaning_weight = meaning_weight;
  CsrMatrix& items = table.items;
  std::vector<double> num_items_of(kFeatures, 0);
  for (std::size_t item = 0; item < num_items; ++item) {
    for (const std::uint32_t feature :
         DrawText(static_cast<std::uint32_t>(item % kTextParts), random)) {
      items.column.push_back(feature);
      num_items_of[feature] += 1;
    }
    items.row_begin.push_back(items.column.size());
  }
  items.num_rows = num_items;
  items.num_cols = kFeatures;
  for (std::size_t item = 0; item < num_items; ++item) {
    double squared = 0;
    std::vector<double> values;
    for (const std::uint32_t feature : items.Columns(item)) {
      values.push_back(std::log(1 + static_cast<double>(num_items) / num_items_of[feature]));
      squared += values.back() * values.back();
    }
    for (const double value : values) {
      items.value.push_back(static_cast<float>(value / std::sqrt(squared)));
    }
  }
  if (meaning_weight == 0) return table;
  Matrix of_part(kTextParts, kDimensions);
  for (float& value : of_part.reshaped()) value = static_cast<float>(random.Normal());
  table.meaning.resize(static_cast<Eigen::Index>(num_items), kDimensions);
  for (float& value : table.meaning.reshaped()) value = static_cast<float>(random.Normal());
  for (Eigen::Index row = 0; row < table.meaning.rows(); ++row) {
    table.meaning.row(row) = of_part.row(row % kTextParts) + 0.5F * table.meaning.row(row);
  }
  NormalizeRows(table.meaning);
  return table;
}

// What shoppers touched: items of three parts each.
std::vector<std::vector<Interaction>> MadeUpHistories(std::size_t num_items, std::size_t length) {
  Random random(6);
  std::vector<std::vector<Interaction>> histories(kRounds);
  for (std::vector<Interaction>& history : histories) {
    std::array<std::uint64_t, 3> parts;
    for (std::uint64_t& part : parts) part = random.Below(kTextParts);
    for (std::size_t i = 0; i < length; ++i) {
      const std::uint64_t item =
          random.Below(num_items / kTextParts) * kTextParts + parts[random.Below(parts.size())];
      history.push_back({0, static_cast<ItemIndex>(item), 1});
    }
  }
  return histories;
}

void TimeContent(std::size_t num_items, float meaning_weight) {
  for (const bool is_in_blocks : {false, true}) {
    ContentTable table = MadeUpTexts(num_items, meaning_weight);
    const Micros start = MonotonicNow();
    const auto scorer = Content::Create(std::move(table), is_in_blocks ? 0 : num_items + 1);
    if (!scorer.ok()) return;
    std::printf("content of %zu items, %s meaning, %s: made in %.2f s\n", num_items,
                meaning_weight > 0 ? "with" : "without", is_in_blocks ? "in blocks" : "in order",
                SecondsSince(start));
    const ItemBitmap some = Some(num_items, 10);
    for (const std::size_t length : {1U, 10U, 50U, 200U}) {
      const auto histories = MadeUpHistories(num_items, length);
      const auto ask = [&](std::size_t i, const ItemBitmap* allowed) {
        const Query query{.history = histories[i]};
        (*scorer)->Retrieve({&query, 1}, allowed, kListLength);
      };
      const std::string what = "  about " + std::to_string(length) + " items";
      PrintWaits(what, [&](std::size_t i) { ask(i, nullptr); });
      PrintWaits(what + ", one in 10 allowed", [&](std::size_t i) { ask(i, &some); });
    }
  }
}

int Run(int argc, char** argv) {
  const std::size_t num_items = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000;
  if (num_items < 1000) {
    std::fprintf(stderr, "usage: retrieval_bench [NUM_ITEMS], at least 1,000 of them\n");
    return 2;
  }
  std::printf("%s, lists of %zu, one thread\n", ProcessorName().c_str(), kListLength);
  TimeMostPopular(num_items);
  TimeLivePopularity(num_items);
  for (const float noise : {0.3F, 0.6F, 1.0F}) TimeFactors(num_items, noise);
  for (const float meaning_weight : {0.25F, 0.0F}) TimeContent(num_items, meaning_weight);
  return 0;
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) { return vitrine::Run(argc, argv); }
