#include "vitrine/nn/attention.h"

#include <cassert>

#include "nn/heads.h"
#include "nn/rows.h"
#include "nn/shards.h"
#include "vitrine/nn/product.h"

namespace vitrine::nn {

namespace {

// Scores in `odds` [length x length] become what each place looks at.
template <typename Odds>
void Look(const Head& head, const Sequences& sequences, const Attention& layer, Odds&& odds) {
  for (Eigen::Index from = 0; from < head.length; ++from) {
    LookFrom(from, head, sequences, layer, odds.row(from));
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
            AddByNearness(row, head, is_causal, by_odds.row(row), by_nearness);
          }
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
