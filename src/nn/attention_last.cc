// What the last place of each sequence sees, for whoever asks for no other.
#include <cassert>

#include "nn/heads.h"
#include "nn/rows.h"
#include "nn/shards.h"
#include "vitrine/nn/attention.h"
#include "vitrine/nn/product.h"

namespace vitrine::nn {

namespace {

// Rows of one head among those of all heads of a sequence, sequence by sequence.
template <typename M>
auto OfHead(M& matrix, Eigen::Index number, std::size_t num_heads) {
  const auto heads = static_cast<Eigen::Index>(num_heads);
  return Eigen::Map<M, 0, Eigen::OuterStride<>>(matrix.data() + number * matrix.cols(),
                                                matrix.rows() / heads, matrix.cols(),
                                                Eigen::OuterStride<>(heads * matrix.cols()));
}

// Where a head is among the columns of queries and heads, and its part of the projection's rows.
struct HeadColumns {
  HeadColumns(Eigen::Index number, Eigen::Index num_columns, std::size_t num_heads)
      : width(num_columns / static_cast<Eigen::Index>(num_heads)),
        first(number * width),
        key(num_columns + first),
        value(2 * num_columns + first) {}

  Eigen::Index width;
  Eigen::Index first;
  Eigen::Index key;
  Eigen::Index value;
};

// Sequences are shared out by what looking costs.
Eigen::Index CostOfLooking(const Sequences& sequences, std::size_t num_heads) {
  return static_cast<Eigen::Index>(num_heads * sequences.length) * 16;
}

Head HeadOf(Eigen::Index sequence, std::size_t number, const Sequences& sequences,
            const Attention& layer, Eigen::Index columns) {
  return {static_cast<std::size_t>(sequence) * layer.num_heads + number, sequences, layer.num_heads,
          columns};
}

}  // namespace

const Matrix& Attention::ForwardLast(const Matrix& input, const Sequences& sequences,
                                     LastCache& cache, const Pass& pass) const {
  assert(static_cast<std::size_t>(input.rows()) == sequences.number * sequences.length);
  const Matrix& weight = projection.weight.value;
  const Matrix& bias = projection.bias.value;
  const auto number = static_cast<Eigen::Index>(sequences.number);
  const auto length = static_cast<Eigen::Index>(sequences.length);
  const auto heads = static_cast<Eigen::Index>(num_heads);
  const Eigen::Index d = input.cols();
  cache.queries.resize(number, d);
  cache.queries.rowwise() = bias.row(0).head(d);
  ProductWithTransposed(LastRows(input, sequences, cache.last), weight.topRows(d), Into::kAdd,
                        cache.queries, pass.pool);
  cache.directions.resize(number * heads, d);
  for (Eigen::Index h = 0; h < heads; ++h) {
    const HeadColumns at(h, d, num_heads);
    Product(cache.queries.middleCols(at.first, at.width), weight.middleRows(at.key, at.width),
            Into::kSet, OfHead(cache.directions, h, num_heads), pass.pool);
  }
  const auto for_each_sequence = [&](const auto& body) {
    ForEachRows(number, CostOfLooking(sequences, num_heads), pass.pool,
                [&](Eigen::Index begin, Eigen::Index end) {
                  for (Eigen::Index s = begin; s < end; ++s) body(s);
                });
  };
  cache.odds.resize(number * heads, length);
  for_each_sequence([&](Eigen::Index s) {
    auto odds = cache.odds.middleRows(s * heads, heads);
    ProductWithTransposed(cache.directions.middleRows(s * heads, heads),
                          input.middleRows(s * length, length), Into::kSet, odds, nullptr);
    const auto last = static_cast<Eigen::Index>(sequences.LastReal(static_cast<std::size_t>(s)));
    for (std::size_t h = 0; h < num_heads; ++h) {
      LookFrom(last, HeadOf(s, h, sequences, *this, d), sequences, *this,
               odds.row(static_cast<Eigen::Index>(h)));
    }
  });
  const Matrix& kept =
      DropsOdds(pass) ? dropout.Forward(cache.odds, cache.dropout, pass) : cache.odds;
  cache.seen.resize(number * heads, d);
  for_each_sequence([&](Eigen::Index s) {
    Product(kept.middleRows(s * heads, heads), input.middleRows(s * length, length), Into::kSet,
            cache.seen.middleRows(s * heads, heads), nullptr);
  });
  cache.total = kept.rowwise().sum();
  cache.heads.resize(number, d);
  for (Eigen::Index h = 0; h < heads; ++h) {
    const HeadColumns at(h, d, num_heads);
    auto own = cache.heads.middleCols(at.first, at.width);
    own = OfHead(cache.total, h, num_heads).lazyProduct(bias.middleCols(at.value, at.width));
    ProductWithTransposed(OfHead(cache.seen, h, num_heads), weight.middleRows(at.value, at.width),
                          Into::kAdd, own, pass.pool);
  }
  return out.Forward(cache.heads, cache.result, pass);
}

const Matrix& Attention::BackwardLast(const Matrix& input, const Sequences& sequences,
                                      const Matrix& by_output, LastCache& cache, const Pass& pass) {
  const Matrix& by_heads = out.Backward(cache.heads, by_output, cache.result, pass);
  BackwardSeen(by_heads, cache, pass);
  BackwardLooking(input, sequences, cache, pass);
  const auto heads = static_cast<Eigen::Index>(num_heads);
  const Eigen::Index d = input.cols();
  Matrix& by_weight = projection.weight.gradient;
  cache.by_queries.resize(cache.queries.rows(), d);
  for (Eigen::Index h = 0; h < heads; ++h) {
    const HeadColumns at(h, d, num_heads);
    const auto by_directions = OfHead(cache.by_directions, h, num_heads);
    ProductOfTransposed(cache.queries.middleCols(at.first, at.width), by_directions, Into::kAdd,
                        by_weight.middleRows(at.key, at.width), pass.pool);
    ProductWithTransposed(by_directions, projection.weight.value.middleRows(at.key, at.width),
                          Into::kSet, cache.by_queries.middleCols(at.first, at.width), pass.pool);
  }
  ProductOfTransposed(cache.by_queries, cache.last, Into::kAdd, by_weight.topRows(d), pass.pool);
  projection.bias.gradient.leftCols(d) += cache.by_queries.colwise().sum();
  cache.by_last.resize(cache.last.rows(), d);
  Product(cache.by_queries, projection.weight.value.topRows(d), Into::kSet, cache.by_last,
          pass.pool);
  AddToLastRows(cache.by_last, sequences, cache.by_input);
  return cache.by_input;
}

void Attention::BackwardSeen(const Matrix& by_heads, LastCache& cache, const Pass& pass) {
  const Eigen::Index d = by_heads.cols();
  cache.by_seen.resize(cache.seen.rows(), d);
  cache.by_total.resize(cache.total.rows(), 1);
  for (Eigen::Index h = 0; h < static_cast<Eigen::Index>(num_heads); ++h) {
    const HeadColumns at(h, d, num_heads);
    const auto by_head = by_heads.middleCols(at.first, at.width);
    const auto bias = projection.bias.value.middleCols(at.value, at.width);
    Product(by_head, projection.weight.value.middleRows(at.value, at.width), Into::kSet,
            OfHead(cache.by_seen, h, num_heads), pass.pool);
    ProductOfTransposed(by_head, OfHead(cache.seen, h, num_heads), Into::kAdd,
                        projection.weight.gradient.middleRows(at.value, at.width), pass.pool);
    OfHead(cache.by_total, h, num_heads) = by_head.lazyProduct(bias.transpose());
    projection.bias.gradient.middleCols(at.value, at.width) +=
        OfHead(cache.total, h, num_heads).transpose().lazyProduct(by_head);
  }
}

void Attention::BackwardLooking(const Matrix& input, const Sequences& sequences, LastCache& cache,
                                const Pass& pass) {
  const bool drops = DropsOdds(pass);
  const Matrix& all_kept = drops ? cache.dropout.output : cache.odds;
  const auto number = static_cast<Eigen::Index>(sequences.number);
  const auto length = static_cast<Eigen::Index>(sequences.length);
  const auto heads = static_cast<Eigen::Index>(num_heads);
  const Eigen::Index cost = CostOfLooking(sequences, num_heads);
  cache.by_odds.resize(number * heads, length);
  cache.by_directions.resize(number * heads, input.cols());
  cache.by_input.resize(input.rows(), input.cols());
  cache.by_nearness.setZero(
      static_cast<Eigen::Index>(NumShards(number, cost)) * nearness.value.rows(),
      nearness.value.cols());
  const auto look = [&](std::size_t shard, Eigen::Index begin, Eigen::Index end) {
    auto by_nearness = cache.by_nearness.middleRows(
        static_cast<Eigen::Index>(shard) * nearness.value.rows(), nearness.value.rows());
    for (Eigen::Index s = begin; s < end; ++s) {
      const auto places = input.middleRows(s * length, length);
      const auto by_seen = cache.by_seen.middleRows(s * heads, heads);
      auto by_odds = cache.by_odds.middleRows(s * heads, heads);
      auto by_places = cache.by_input.middleRows(s * length, length);
      ProductWithTransposed(by_seen, places, Into::kSet, by_odds, nullptr);
      by_odds.colwise() += cache.by_total.col(0).segment(s * heads, heads);
      if (drops) by_odds.array() *= cache.dropout.scale.middleRows(s * heads, heads).array();
      const auto last = static_cast<Eigen::Index>(sequences.LastReal(static_cast<std::size_t>(s)));
      for (Eigen::Index h = 0; h < heads; ++h) {
        const Head head = HeadOf(s, static_cast<std::size_t>(h), sequences, *this, input.cols());
        auto by_row = by_odds.row(h);
        SoftmaxBackwardInPlace(cache.odds.row(s * heads + h), by_row);
        AddByNearness(last, head, is_causal, by_row, by_nearness);
        by_row *= head.scale;
      }
      Product(by_odds, places, Into::kSet, cache.by_directions.middleRows(s * heads, heads),
              nullptr);
      ProductOfTransposed(all_kept.middleRows(s * heads, heads), by_seen, Into::kSet, by_places,
                          nullptr);
      ProductOfTransposed(by_odds, cache.directions.middleRows(s * heads, heads), Into::kAdd,
                          by_places, nullptr);
    }
  };
  ForEachRange(number, cost, pass.pool, look);
  for (Eigen::Index first = 0; first < cache.by_nearness.rows(); first += nearness.value.rows()) {
    nearness.gradient += cache.by_nearness.middleRows(first, nearness.value.rows());
  }
}

}  // namespace vitrine::nn
