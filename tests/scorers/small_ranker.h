#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "nn/checks.h"
#include "vitrine/scorers/dnn/deep_ranker.h"

namespace vitrine::testing {

inline constexpr std::size_t kRankedItems = 6;

// Listens to two scorers, with any weights. Its first six items are the same, however many it has.
inline DeepRankerTable SmallRankerTable(std::size_t num_items = kRankedItems) {
  const auto rows = static_cast<Eigen::Index>(num_items);
  Random random(3);
  DeepRankerTable table{.scorers = {"ials", "content"}};
  const std::size_t features = RankerFeatureNames(table.scorers).size();
  table.shape = {.num_features = features, .num_crosses = 2, .hidden = 6};
  table.item_facts = nn::testing::RandomMatrix(rows, kNumItemFacts, 1);
  table.unknown_facts = nn::testing::RandomMatrix(1, kNumItemFacts, 2);
  table.item_behaviour.rates = nn::testing::RandomMatrix(rows, kNumItemRates, 5);
  constexpr std::array<std::uint32_t, kRankedItems> kCategories = {0, 1, 1, 2, 1, 0};
  constexpr std::array<std::uint32_t, kRankedItems> kBrands = {1, 2, 0, 2, 3, 1};
  for (std::size_t item = 0; item < num_items; ++item) {
    table.item_behaviour.categories.push_back(kCategories[item % kRankedItems]);
    table.item_behaviour.brands.push_back(kBrands[item % kRankedItems]);
  }
  table.means = 0.2F * nn::testing::RandomMatrix(1, static_cast<Eigen::Index>(features), 3);
  table.scales = Matrix::Constant(1, static_cast<Eigen::Index>(features), 0.7F);
  for (std::uint64_t seed = 10; seed < 30; seed += 10) {
    table.networks.emplace_back(table.shape, 0, random);
    std::uint64_t next = seed;
    for (nn::Dense* last : {&table.networks.back().wide, &table.networks.back().crossed,
                            &table.networks.back().deep}) {
      last->weight.value = nn::testing::RandomMatrix(1, last->weight.value.cols(), next++) * 0.3F;
    }
  }
  table.blend_slope = 1.5;
  table.slope = 0.8;
  table.shift = -1;
  return table;
}

struct AskedOfRanker {
  std::vector<Interaction> history = {{20 * kMicrosPerDay, ItemIndex{1}, 1},
                                      {10 * kMicrosPerDay, ItemIndex{1}, 1},
                                      {5 * kMicrosPerDay, ItemIndex{2}, 1},
                                      {4 * kMicrosPerDay, ItemIndex{3}, -1}};
  Query query{.history = history, .now_us = 30 * kMicrosPerDay};
  std::vector<ItemIndex> items = {ItemIndex{4}, ItemIndex{1}, ItemIndex{99}};
  std::vector<float> blended = {0.5F, 0.25F, -0.1F};
  std::vector<std::string> scorers = {"content", "ials"};
  Matrix scores = Matrix(2, 3);

  AskedOfRanker() { scores << 0.5F, kUnscored, 0.25F, 4, 8, 2; }
  RankerCandidates view() const { return {query, items, blended, scorers, scores}; }
};

}  // namespace vitrine::testing
