#include "vitrine/nn/attention.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "nn/rows.h"
#include "nn/shards.h"
#include "vitrine/nn/product.h"

namespace vitrine::nn {

namespace {

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

constexpr float kMasked = -std::numeric_limits<float>::infinity();

// The column of nearness for what `from` sees of `to`.
Eigen::Index Distance(Eigen::Index from, Eigen::Index to, Eigen::Index num_distances) {
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
      row[to] = kMasked;
    } else if (nearness.size() > 0) {
      row[to] += nearness(head.number, Distance(from, to, nearness.cols()));
    }
  }
  SoftmaxInPlace(row);
}

// Scores in `odds` [length x length] become what each place looks at.
template <typename Odds>
void Look(const Head& head, const Sequences& sequences, const Attention& layer, Odds&& odds) {
  for (Eigen::Index from = 0; from < head.length; ++from) {
    LookFrom(from, head, sequences, layer, odds.row(from));
  }
}

// Fills the heads of the last place of sequence `s`. A query's score of a key K x + b is (q K) x
// and a number that is the same for all x, which changes no softmax; and the sum of values V x + b
// by odds is V times the sum of inputs by odds, and b as often as the odds sum to. So no place has
// its key or its value worked out.
void LookFromLast(std::size_t s, const Attention& layer, const Matrix& input,
                  const Sequences& sequences, Attention::Cache& cache) {
  const Matrix& weight = layer.projection.weight.value;
  const Matrix& bias = layer.projection.bias.value;
  const Eigen::Index d = input.cols();
  const auto sequence = static_cast<Eigen::Index>(s);
  const auto num_heads = static_cast<Eigen::Index>(layer.num_heads);
  const auto length = static_cast<Eigen::Index>(sequences.length);
  const auto last = static_cast<Eigen::Index>(sequences.LastReal(s));
  const auto places = input.middleRows(sequence * length, length);
  auto directions = cache.directions.middleRows(sequence * num_heads, num_heads);
  auto odds = cache.odds.middleRows(sequence * num_heads, num_heads);
  auto seen = cache.seen.middleRows(sequence * num_heads, num_heads);
  const auto head_of = [&](Eigen::Index number) {
    return Head(s * layer.num_heads + static_cast<std::size_t>(number), sequences, layer.num_heads,
                d);
  };
  for (Eigen::Index h = 0; h < num_heads; ++h) {
    const Head head = head_of(h);
    Product(cache.queries.block(sequence, head.column, 1, head.width),
            weight.block(d + head.column, 0, head.width, d), Into::kSet,
            directions.middleRows(h, 1), nullptr);
  }
  ProductWithTransposed(directions, places, Into::kSet, odds, nullptr);
  for (Eigen::Index h = 0; h < num_heads; ++h) {
    LookFrom(last, head_of(h), sequences, layer, odds.row(h));
  }
  Product(odds, places, Into::kSet, seen, nullptr);
  for (Eigen::Index h = 0; h < num_heads; ++h) {
    const Head head = head_of(h);
    auto own = cache.heads.block(sequence, head.column, 1, head.width);
    own = odds.row(h).sum() * bias.middleCols(2 * d + head.column, head.width);
    ProductWithTransposed(seen.middleRows(h, 1),
                          weight.block(2 * d + head.column, 0, head.width, d), Into::kAdd, own,
                          nullptr);
  }
}

// What is hidden has no derivative.
template <typename ByScores, typename ByNearness>
void AddByNearness(const Head& head, bool is_causal, const ByScores& by_scores,
                   ByNearness&& by_nearness) {
  if (by_nearness.size() == 0) return;
  for (Eigen::Index from = 0; from < head.length; ++from) {
    const Eigen::Index end = is_causal ? from + 1 : head.length;
    for (Eigen::Index to = 0; to < end; ++to) {
      by_nearness(head.number, Distance(from, to, by_nearness.cols())) += by_scores(from, to);
    }
  }
}

}  // namespace

Attention::Attention(std::size_t dimensions, std::size_t heads_wanted, Random& random)
    : num_heads(heads_wanted),
      projection(dimensions, 3 * dimensions, random),
      out(dimensions, dimensions, random) {
  assert(dimensions % num_heads == 0);
}

void Attention::AddParameters(const std::string& prefix, ParameterList& list) {
  list.push_back({JoinName(prefix, "in_proj_weight"), &projection.weight});
  list.push_back({JoinName(prefix, "in_proj_bias"), &projection.bias});
  out.AddParameters(JoinName(prefix, "out_proj"), list);
  if (nearness.value.size() > 0) list.push_back({JoinName(prefix, "nearness"), &nearness});
}

void Attention::AddNearness(std::size_t num_distances) {
  nearness = Parameter({num_heads, num_distances});
}

const Matrix& Attention::Forward(const Matrix& input, const Sequences& sequences, Cache& cache,
                                 const Pass& pass) const {
  assert(static_cast<std::size_t>(input.rows()) == sequences.number * sequences.length);
  const Matrix& projections = projection.Forward(input, cache.projections, pass);
  const auto length = static_cast<Eigen::Index>(sequences.length);
  const std::size_t all_heads = sequences.number * num_heads;
  cache.odds.resize(static_cast<Eigen::Index>(all_heads) * length, length);
  cache.heads.resize(input.rows(), input.cols());
  ForEachRows(static_cast<Eigen::Index>(all_heads), length * length * 16, pass.pool,
              [&](Eigen::Index begin, Eigen::Index end) {
                for (Eigen::Index index = begin; index < end; ++index) {
                  const Head head(static_cast<std::size_t>(index), sequences, num_heads,
                                  input.cols());
                  auto odds = cache.odds.middleRows(head.first_odds, length);
                  ProductWithTransposed(head.Part(projections, 0), head.Part(projections, 1),
                                        Into::kSet, odds, nullptr);
                  Look(head, sequences, *this, odds);
                }
              });
  const Matrix& kept =
      DropsOdds(pass) ? dropout.Forward(cache.odds, cache.dropout, pass) : cache.odds;
  ForEachRows(
      static_cast<Eigen::Index>(all_heads), length * length * 16, pass.pool,
      [&](Eigen::Index begin, Eigen::Index end) {
        for (Eigen::Index index = begin; index < end; ++index) {
          const Head head(static_cast<std::size_t>(index), sequences, num_heads, input.cols());
          Product(kept.middleRows(head.first_odds, length), head.Part(projections, 2), Into::kSet,
                  cache.heads.block(head.first_row, head.column, length, head.width), nullptr);
        }
      });
  return out.Forward(cache.heads, cache.result, pass);
}

const Matrix& Attention::ForwardLast(const Matrix& input, const Sequences& sequences, Cache& cache,
                                     const Pass& pass) const {
  assert(!pass.is_training());
  assert(static_cast<std::size_t>(input.rows()) == sequences.number * sequences.length);
  const auto number = static_cast<Eigen::Index>(sequences.number);
  const auto length = static_cast<Eigen::Index>(sequences.length);
  const auto all_heads = static_cast<Eigen::Index>(sequences.number * num_heads);
  const Eigen::Index d = input.cols();
  cache.queries.resize(number, d);
  cache.queries.rowwise() = projection.bias.value.row(0).head(d);
  ProductWithTransposed(LastRows(input, sequences, cache.last), projection.weight.value.topRows(d),
                        Into::kAdd, cache.queries, pass.pool);
  cache.directions.resize(all_heads, d);
  cache.odds.resize(all_heads, length);
  cache.seen.resize(all_heads, d);
  cache.heads.resize(number, d);
  ForEachRows(number, static_cast<Eigen::Index>(num_heads) * length * 16, pass.pool,
              [&](Eigen::Index begin, Eigen::Index end) {
                for (Eigen::Index s = begin; s < end; ++s) {
                  LookFromLast(static_cast<std::size_t>(s), *this, input, sequences, cache);
                }
              });
  return out.Forward(cache.heads, cache.result, pass);
}

const Matrix& Attention::Backward(const Matrix& input, const Sequences& sequences,
                                  const Matrix& by_output, Cache& cache, const Pass& pass) {
  const Matrix& by_heads = out.Backward(cache.heads, by_output, cache.result, pass);
  const Matrix& projections = cache.projections.output;
  const bool drops = DropsOdds(pass);
  const Matrix& all_kept = drops ? cache.dropout.output : cache.odds;
  const auto length = static_cast<Eigen::Index>(sequences.length);
  cache.by_odds.resize(cache.odds.rows(), cache.odds.cols());
  cache.by_projections.resize(projections.rows(), projections.cols());
  const auto all_heads = static_cast<Eigen::Index>(sequences.number * num_heads);
  const Eigen::Index numbers_each = length * length * 16;
  cache.by_nearness.setZero(
      static_cast<Eigen::Index>(NumShards(all_heads, numbers_each)) * nearness.value.rows(),
      nearness.value.cols());
  ForEachRange(
      all_heads, numbers_each, pass.pool,
      [&](std::size_t shard, Eigen::Index begin, Eigen::Index end) {
        auto by_nearness = cache.by_nearness.middleRows(
            static_cast<Eigen::Index>(shard) * nearness.value.rows(), nearness.value.rows());
        for (Eigen::Index index = begin; index < end; ++index) {
          const Head head(static_cast<std::size_t>(index), sequences, num_heads, input.cols());
          const auto odds = cache.odds.middleRows(head.first_odds, length);
          const auto kept = all_kept.middleRows(head.first_odds, length);
          auto by_odds = cache.by_odds.middleRows(head.first_odds, length);
          const auto by_head = by_heads.block(head.first_row, head.column, length, head.width);
          ProductOfTransposed(kept, by_head, Into::kSet, head.Part(cache.by_projections, 2),
                              nullptr);
          ProductWithTransposed(by_head, head.Part(projections, 2), Into::kSet, by_odds, nullptr);
          if (drops) {
            by_odds.array() *= cache.dropout.scale.middleRows(head.first_odds, length).array();
          }
          for (Eigen::Index row = 0; row < length; ++row) {
            SoftmaxBackwardInPlace(odds.row(row), by_odds.row(row));
          }
          AddByNearness(head, is_causal, by_odds, by_nearness);
          by_odds *= head.scale;
          Product(by_odds, head.Part(projections, 1), Into::kSet,
                  head.Part(cache.by_projections, 0), nullptr);
          ProductOfTransposed(by_odds, head.Part(projections, 0), Into::kSet,
                              head.Part(cache.by_projections, 1), nullptr);
        }
      });
  for (Eigen::Index first = 0; first < cache.by_nearness.rows(); first += nearness.value.rows()) {
    nearness.gradient += cache.by_nearness.middleRows(first, nearness.value.rows());
  }
  return projection.Backward(input, cache.by_projections, cache.projections, pass);
}

}  // namespace vitrine::nn
