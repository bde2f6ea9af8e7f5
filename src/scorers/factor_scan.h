#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "vitrine/base/item_bitmap.h"
#include "vitrine/base/matrix.h"
#include "vitrine/math/coarse_index.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine {

// What is scanned for the largest inner products. Views.
struct FactorTable {
  const Matrix* factors = nullptr;         // [num_items x d]
  const ItemBitmap* known = nullptr;       // Rows that count.
  const Eigen::VectorXf* scale = nullptr;  // [num_items] Multiplies the products; null: ones.
  const CoarseIndex* coarse = nullptr;     // Of the factors, times their scale; null: none kept.
};

// The rows that are not zero.
ItemBitmap KnownRows(const Matrix& factors);

// Sets scores(q, i) to <vectors.row(q), factors.row(items[i])>, or kUnscored where the item is not
// known or the vector is zero. `vectors` [queries x d].
void ScoreByFactors(const FactorTable& table, const Matrix& vectors,
                    std::span<const ItemIndex> items, Eigen::Ref<Matrix> scores);

// Sets scores[row] to about <vector, factors.row(row)>, as Scorer::Sketch says: where there are
// coarse factors, from these. `vector` [1 x d]. Returns by how much one may be off.
float SketchByFactors(const FactorTable& table, const Matrix& vector, std::span<float> scores);

// The best `k` for each row of `vectors` that its query may be shown. Blocks of items are
// multiplied with many queries at a time, so that the factors are read from memory once. For one
// query alone the coarse factors, where there are any, say which blocks' items are worth a product;
// of many items, also which blocks are worth a look.
std::vector<std::vector<ScoredItem>> RetrieveByFactors(const FactorTable& table,
                                                       const Matrix& vectors,
                                                       std::span<const Query> queries,
                                                       const ItemBitmap* allowed, std::size_t k);

}  // namespace vitrine
