#include "vitrine/scorers/scorer.h"

namespace vitrine {

float Scorer::Sketch(const Query& query, std::span<float> scores) const {
  std::vector<ItemIndex> all;
  all.reserve(scores.size());
  for (std::uint32_t row = 0; row < scores.size(); ++row) all.push_back(ItemIndex{row});
  Eigen::Map<Matrix> row(scores.data(), 1, static_cast<Eigen::Index>(scores.size()));
  Score({&query, 1}, all, row);
  return 0;
}

}  // namespace vitrine
