#include "training/pair_weights.h"

#include <limits>
#include <numeric>
#include <string>
#include <vector>

namespace vitrine {

namespace {

CsrMatrix PairWeightsAbove(const Dataset& dataset, const TouchWeights& weights, float least) {
  CsrMatrix matrix;
  matrix.num_rows = dataset.num_users();
  matrix.num_cols = dataset.num_items();
  matrix.row_begin.reserve(matrix.num_rows + 1);
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    const Query query{.history = dataset.History(user)};
    for (const TouchedItem& touched : TouchedItems(query, weights, dataset.num_items())) {
      if (touched.weight <= least) continue;
      matrix.column.push_back(static_cast<std::uint32_t>(touched.item));
      matrix.value.push_back(touched.weight);
    }
    matrix.row_begin.push_back(matrix.column.size());
  }
  return matrix;
}

}  // namespace

TouchWeights ReadTouchWeights(SettingReader& reader, const Dataset& dataset) {
  TouchWeights weights;
  weights.context_weight = static_cast<float>(reader.Number("context_weight", 0, 1e6));
  const std::string weighting = reader.Choice("weighting", {"linear", "log", "binary"});
  if (weighting == "binary") weights.weighting = Weighting::kBinary;
  if (weighting == "log") weights.weighting = Weighting::kLogarithmic;
  const std::vector<float> values = LikedPairWeights(dataset, weights).value;
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  if (sum > 0) weights.scale = static_cast<float>(static_cast<double>(values.size()) / sum);
  return weights;
}

CsrMatrix SignedPairWeights(const Dataset& dataset, const TouchWeights& weights) {
  return PairWeightsAbove(dataset, weights, -std::numeric_limits<float>::infinity());
}

CsrMatrix LikedPairWeights(const Dataset& dataset, const TouchWeights& weights) {
  return PairWeightsAbove(dataset, weights, 0);
}

}  // namespace vitrine
