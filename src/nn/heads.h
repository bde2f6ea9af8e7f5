#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "nn/rows.h"
#include "vitrine/nn/attention.h"

namespace vitrine::nn {

// Where one head of one sequence is in the cache's matrices.
struct Head {
  Head(std::size_t index, const Sequences& sequences, std::size_t num_heads, Eigen::Index columns)
      : sequence(index / num_heads),
        number(static_cast<Eigen::Index>(index % num_heads)),
        length(static_cast<Eigen::Index>(sequences.length)),
        first_row(static_cast<Eigen::Index>(sequence) * length),
        first_odds(static_cast<Eigen::Index>(index) * length),
        width(columns / static_cast<Eigen::Index>(num_heads)),
        column(static_cast<Eigen::Index>(index % num_heads) * width),
        scale(1 / std::sqrt(static_cast<float>(width))) {}

  // Its part of queries (0), keys (1) or values (2); `columns` is d.
  auto Part(const Matrix& projections, int which) const {
    return projections.block(first_row, which * projections.cols() / 3 + column, length, width);
  }
  auto Part(Matrix& projections, int which) const {
    return projections.block(first_row, which * projections.cols() / 3 + column, length, width);
  }

  std::size_t sequence;
  Eigen::Index number;  // Among the heads.
  Eigen::Index length;
  Eigen::Index first_row;
  Eigen::Index first_odds;
  Eigen::Index width;
  Eigen::Index column;
  float scale;
};

// The column of nearness for what `from` sees of `to`.
inline Eigen::Index Distance(Eigen::Index from, Eigen::Index to, Eigen::Index num_distances) {
  return to > from ? num_distances - 1 : std::min(from - to, num_distances - 1);
}

// Scores in `row` [length] become what place `from` looks at.
template <typename Row>
void LookFrom(Eigen::Index from, const Head& head, const Sequences& sequences,
              const Attention& layer, Row&& row) {
  const Matrix& nearness = layer.nearness.value;
  row *= head.scale;
  for (Eigen::Index to = 0; to < head.length; ++to) {
    const bool is_hidden = (layer.is_causal && to > from) ||
                           !sequences.IsReal(head.sequence, static_cast<std::size_t>(to));
    if (is_hidden) {
      row[to] = -std::numeric_limits<float>::infinity();
    } else if (nearness.size() > 0) {
      row[to] += nearness(head.number, Distance(from, to, nearness.cols()));
    }
  }
  SoftmaxInPlace(row);
}

// Adds what the scores of place `from` have by nearness. What is hidden has no derivative.
template <typename ByScores, typename ByNearness>
void AddByNearness(Eigen::Index from, const Head& head, bool is_causal, const ByScores& by_scores,
                   ByNearness&& by_nearness) {
  if (by_nearness.size() == 0) return;
  const Eigen::Index end = is_causal ? from + 1 : head.length;
  for (Eigen::Index to = 0; to < end; ++to) {
    by_nearness(head.number, Distance(from, to, by_nearness.cols())) += by_scores[to];
  }
}

}  // namespace vitrine::nn
