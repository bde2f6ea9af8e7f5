#include "evaluation/auc.h"

#include <algorithm>

#include "vitrine/base/random.h"

namespace vitrine {
namespace {

constexpr std::uint64_t kSeed = 1;

bool Contains(std::span<const ItemIndex> ascending, ItemIndex item) {
  return std::binary_search(ascending.begin(), ascending.end(), item);
}

}  // namespace

Negatives::Negatives(const Split& split, std::size_t count) : count_(count) {
  for (std::uint32_t row = 0; row < split.candidates.size(); ++row) {
    if (split.candidates.Contains(ItemIndex{row})) candidates_.push_back(ItemIndex{row});
  }
}

std::vector<ItemIndex> Negatives::Of(const Query& query, const TestCase& test,
                                     std::uint64_t number) const {
  const auto is_negative = [&](ItemIndex item) {
    return !Contains(test.relevant, item) && !Contains(query.excluded, item);
  };
  // What is right and what is masked do not overlap, so this is no more than what is left.
  const std::size_t num_others = test.relevant.size() + query.excluded.size();
  std::vector<ItemIndex> negatives;
  if (candidates_.size() <= count_ + num_others) {
    std::copy_if(candidates_.begin(), candidates_.end(), std::back_inserter(negatives),
                 is_negative);
    return negatives;
  }
  Random random(kSeed, number);
  while (negatives.size() < count_) {
    const ItemIndex drawn = candidates_[random.Below(candidates_.size())];
    if (is_negative(drawn)) negatives.push_back(drawn);
  }
  return negatives;
}

double MeasureAuc(const Pipeline& pipeline, const Query& query, const TestCase& test,
                  const std::vector<ItemIndex>& negatives) {
  if (negatives.empty()) return 0.5;  // Nothing was told apart.
  std::vector<ItemIndex> items = test.relevant;
  items.insert(items.end(), negatives.begin(), negatives.end());
  const std::vector<BlendedItem> ranked = pipeline.Rank(query, items);
  std::vector<float> below;
  for (std::size_t i = test.relevant.size(); i < ranked.size(); ++i) {
    below.push_back(ranked[i].score);
  }
  std::sort(below.begin(), below.end());
  double wins = 0;
  for (std::size_t i = 0; i < test.relevant.size(); ++i) {
    const auto [first, last] = std::equal_range(below.begin(), below.end(), ranked[i].score);
    wins += static_cast<double>(first - below.begin()) + static_cast<double>(last - first) / 2;
  }
  return wins / static_cast<double>(test.relevant.size() * negatives.size());
}

}  // namespace vitrine
