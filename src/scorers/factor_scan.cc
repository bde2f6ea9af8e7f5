#include "scorers/factor_scan.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "scorers/best_blocks.h"
#include "scorers/sparse_scores.h"
#include "vitrine/math/top_k.h"

namespace vitrine {

namespace {

// Items of one block times 64 queries are 128 KiB of scores: they stay in the second-level cache.
constexpr Eigen::Index kBlockItems = 512;
constexpr Eigen::Index kBatchQueries = 64;

std::size_t ColsOf(const Matrix& matrix) { return static_cast<std::size_t>(matrix.cols()); }

// Who a list is for and what it may hold.
struct Audience {
  const Query& query;
  const ItemBitmap* allowed = nullptr;
};

// One block's scores for one query: those that pass the threshold are looked at closer.
void OfferBlock(const FactorTable& table, Eigen::Index first_item,
                const Eigen::Ref<const Eigen::VectorXf>& scores, const Audience& audience,
                TopK& best) {
  for (Eigen::Index i = 0; i < scores.size(); ++i) {
    if (!(scores[i] >= best.threshold())) continue;
    const ItemIndex item{static_cast<std::uint32_t>(first_item + i)};
    if (table.known->Contains(item) && MayShow(audience.query, audience.allowed, item)) {
      best.Offer(item, scores[i]);
    }
  }
}

// Products of items [first, first + count) and `vectors` [queries x d]: [count x queries].
void Multiply(const FactorTable& table, Eigen::Index first, Eigen::Index count,
              const Eigen::Ref<const Matrix>& vectors, Eigen::MatrixXf& scores) {
  const auto rows = table.factors->middleRows(first, count);
  scores.resize(count, vectors.rows());
  if (vectors.rows() == 1) {
    scores.col(0).noalias() = rows * vectors.row(0).transpose();
  } else {
    scores.noalias() = rows * vectors.transpose();
  }
  if (table.scale != nullptr) {
    scores.array().colwise() *= table.scale->segment(first, count).array();
  }
}

// A look for the best `k` for one query: products with what the coarse factors cannot rule out.
class CloseLook {
 public:
  CloseLook(const FactorTable& table, const Matrix& vector, const Audience& audience, std::size_t k)
      : table_(table),
        vector_(vector),
        audience_(audience),
        coarse_(table.coarse->rows.Prepare({vector.data(), ColsOf(vector)})),
        best_(k) {}

  std::vector<ScoredItem> Take() {
    if (table_.coarse->has_blocks()) {
      if (HasFew(audience_.allowed, table_.known->size())) {
        audience_.allowed->ForEach([this](ItemIndex item) { Multiply(item); });
      } else {
        LookAtBlocks();
      }
    } else {
      const std::size_t num_rows = table_.coarse->rows.num_rows();
      for (std::size_t first = 0; first < num_rows; first += kBlockItems) {
        LookAt(first, std::min<std::size_t>(kBlockItems, num_rows - first));
      }
    }
    return best_.Take();
  }

 private:
  void LookAtBlocks() {
    LookAtBestBlocks(table_.coarse->blocks.Bounds({vector_.data(), ColsOf(vector_)}),
                     static_cast<double>(coarse_.rounding), best_,
                     [this](const RowBlocks::Bounded& block) { LookAt(block.first, block.count); });
  }

  ItemIndex ItemAt(std::size_t place) const {
    if (!table_.coarse->has_blocks()) return ItemIndex{static_cast<std::uint32_t>(place)};
    return ItemIndex{table_.coarse->blocks.rows()[place]};
  }

  // REQUIRES: count <= kBlockItems
  void LookAt(std::size_t first, std::size_t count) {
    const std::span<float> scores = std::span(block_).first(count);
    table_.coarse->rows.Multiply(coarse_, first, scores);
    for (std::size_t i = 0; i < count; ++i) {
      if (!(scores[i] + coarse_.error >= best_.threshold())) continue;
      Multiply(ItemAt(first + i));
    }
  }

  void Multiply(ItemIndex item) {
    if (!table_.known->Contains(item) || !MayShow(audience_.query, audience_.allowed, item)) return;
    const auto row = static_cast<Eigen::Index>(Row(item));
    const float product = table_.factors->row(row).dot(vector_.row(0));
    best_.Offer(item, table_.scale == nullptr ? product : (*table_.scale)[row] * product);
  }

  const FactorTable& table_;
  const Matrix& vector_;
  const Audience& audience_;
  const CoarseVector coarse_;
  TopK best_;
  std::array<float, kBlockItems> block_;
};

// Sets products[i] to about the product of row i and the vector. Returns by how much one may be
// off. Of rows in blocks it must put them back into their order, and none of them is spared.
float MultiplyCoarsely(const CoarseIndex& index, const Matrix& vector, std::span<float> products) {
  const CoarseVector coarse = index.rows.Prepare({vector.data(), ColsOf(vector)});
  if (!index.has_blocks()) {
    index.rows.Multiply(coarse, 0, products);
    return coarse.error;
  }
  const std::span<const std::uint32_t> rows = index.blocks.rows();
  std::array<float, kBlockItems> block;
  for (std::size_t first = 0; first < rows.size(); first += block.size()) {
    const std::size_t count = std::min(block.size(), rows.size() - first);
    index.rows.Multiply(coarse, first, std::span(block).first(count));
    for (std::size_t i = 0; i < count; ++i) {
      if (rows[first + i] < products.size()) products[rows[first + i]] = block[i];
    }
  }
  return coarse.error;
}

// How many of the first `items` are known neighbours in the table, which one product serves.
std::size_t RunLength(const FactorTable& table, std::span<const ItemIndex> items) {
  std::size_t count = 0;
  while (count < items.size() && count < static_cast<std::size_t>(kBlockItems) &&
         table.known->Contains(items[count]) && Row(items[count]) == Row(items[0]) + count) {
    ++count;
  }
  return count;
}

// Few items and one vector: a product for each.
void ScoreSomeByOneVector(const FactorTable& table, const Matrix& vector,
                          std::span<const ItemIndex> items, std::span<float> scores) {
  const auto of_vector = vector.row(0);
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto row = static_cast<Eigen::Index>(Row(items[i]));
    scores[i] = kUnscored;
    if (!table.known->Contains(items[i])) continue;
    scores[i] = table.factors->row(row).dot(of_vector);
    if (table.scale != nullptr) scores[i] *= (*table.scale)[row];
  }
}

// Few items, or in any order: a product for each run of neighbours.
void ScoreSomeByFactors(const FactorTable& table, const Matrix& vectors,
                        std::span<const ItemIndex> items, Eigen::Ref<Matrix> scores) {
  Eigen::MatrixXf products;
  for (std::size_t begin = 0; begin < items.size();) {
    const std::size_t count = RunLength(table, items.subspan(begin));
    const auto column = static_cast<Eigen::Index>(begin);
    if (count == 0) {
      scores.col(column).setConstant(kUnscored);
      ++begin;
      continue;
    }
    const auto run = static_cast<Eigen::Index>(count);
    Multiply(table, static_cast<Eigen::Index>(Row(items[begin])), run, vectors, products);
    scores.middleCols(column, run) = products.transpose();
    begin += count;
  }
}

bool IsMostOf(const FactorTable& table, std::span<const ItemIndex> items) {
  const auto num_items = static_cast<std::size_t>(table.factors->rows());
  return items.size() > num_items / 2 && AreAllBelow(num_items, items);
}

// Most of the table: products with all of it, of which those asked for are picked.
void ScoreMostByFactors(const FactorTable& table, const Matrix& vectors,
                        std::span<const ItemIndex> items, Eigen::Ref<Matrix> scores) {
  Eigen::MatrixXf products;
  Multiply(table, 0, table.factors->rows(), vectors, products);
  const std::vector<ItemIndex> unknown = table.known->Absent();
  for (Eigen::Index query = 0; query < vectors.rows(); ++query) {
    float* const of_query = products.col(query).data();
    for (const ItemIndex item : unknown) of_query[Row(item)] = kUnscored;
    const std::span<float> row = RowOf(scores, static_cast<std::size_t>(query));
    for (std::size_t i = 0; i < items.size(); ++i) row[i] = of_query[Row(items[i])];
  }
}

}  // namespace

ItemBitmap KnownRows(const Matrix& factors) {
  ItemBitmap known(static_cast<std::size_t>(factors.rows()));
  for (Eigen::Index row = 0; row < factors.rows(); ++row) {
    if (factors.row(row).isZero(0)) continue;
    known.Insert(ItemIndex{static_cast<std::uint32_t>(row)});
  }
  return known;
}

void ScoreByFactors(const FactorTable& table, const Matrix& vectors,
                    std::span<const ItemIndex> items, Eigen::Ref<Matrix> scores) {
  if (IsMostOf(table, items)) {
    ScoreMostByFactors(table, vectors, items, scores);
  } else if (vectors.rows() == 1) {
    ScoreSomeByOneVector(table, vectors, items, RowOf(scores, 0));
  } else {
    ScoreSomeByFactors(table, vectors, items, scores);
  }
  for (Eigen::Index query = 0; query < vectors.rows(); ++query) {
    if (vectors.row(query).isZero(0)) scores.row(query).setConstant(kUnscored);
  }
}

float SketchByFactors(const FactorTable& table, const Matrix& vector, std::span<float> scores) {
  const auto num_items = static_cast<std::size_t>(table.factors->rows());
  const std::span<float> known = scores.first(std::min(scores.size(), num_items));
  std::fill(scores.begin() + static_cast<std::ptrdiff_t>(known.size()), scores.end(), kUnscored);
  if (vector.isZero(0) || known.empty()) {
    std::fill(known.begin(), known.end(), kUnscored);
    return 0;
  }
  float error = 0;
  if (table.coarse != nullptr) {
    error = MultiplyCoarsely(*table.coarse, vector, known);
  } else {
    const auto count = static_cast<Eigen::Index>(known.size());
    Eigen::Map<Eigen::VectorXf> products(known.data(), count);
    products.noalias() = table.factors->topRows(count) * vector.row(0).transpose();
    if (table.scale != nullptr) products.array() *= table.scale->head(count).array();
  }
  table.known->FillAbsent(kUnscored, known);
  return error;
}

std::vector<std::vector<ScoredItem>> RetrieveByFactors(const FactorTable& table,
                                                       const Matrix& vectors,
                                                       std::span<const Query> queries,
                                                       const ItemBitmap* allowed, std::size_t k) {
  std::vector<std::vector<ScoredItem>> result(queries.size());
  const Eigen::Index num_items = table.factors->rows();
  if (vectors.rows() == 1 && table.coarse != nullptr) {
    // Products with what is not finite, of damaged models, are neither, and no list has them.
    if (!vectors.isZero(0) && vectors.allFinite()) {
      const Audience audience{queries.front(), allowed};
      result.front() = CloseLook(table, vectors, audience, k).Take();
    }
    return result;
  }
  Eigen::MatrixXf scores;
  for (Eigen::Index begin = 0; begin < vectors.rows(); begin += kBatchQueries) {
    const auto batch = vectors.middleRows(begin, std::min(kBatchQueries, vectors.rows() - begin));
    std::vector<TopK> best(static_cast<std::size_t>(batch.rows()), TopK(k));
    for (Eigen::Index first = 0; first < num_items; first += kBlockItems) {
      Multiply(table, first, std::min(kBlockItems, num_items - first), batch, scores);
      for (Eigen::Index i = 0; i < batch.rows(); ++i) {
        if (batch.row(i).isZero(0)) continue;
        OfferBlock(table, first, scores.col(i),
                   {queries[static_cast<std::size_t>(begin + i)], allowed},
                   best[static_cast<std::size_t>(i)]);
      }
    }
    for (Eigen::Index i = 0; i < batch.rows(); ++i) {
      result[static_cast<std::size_t>(begin + i)] = best[static_cast<std::size_t>(i)].Take();
    }
  }
  return result;
}

}  // namespace vitrine
