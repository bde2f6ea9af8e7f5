#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "vitrine/math/sparse.h"
#include "vitrine/scorers/scorer.h"
#include "vitrine/scorers/touched_items.h"

namespace vitrine {

// Scorers whose scores are a weighted sum of rows: row j of `rows` [items x items] holds what item
// j says of others, and a query's items count by their weights. An item of which none of them says
// anything is kUnscored.
//
// `touched_of` tells a query's items, all below rows.num_rows.
using TouchedOf = std::function<std::vector<TouchedItem>(const Query&)>;

void ScoreByRows(const CsrMatrix& rows, const TouchedOf& touched_of, std::span<const Query> queries,
                 std::span<const ItemIndex> items, Eigen::Ref<Matrix> scores);

// The same for all rows of `scores`; see Scorer::Sketch. Exact.
void ScoreAllByRows(const CsrMatrix& rows, std::span<const TouchedItem> touched,
                    std::span<float> scores);

std::vector<std::vector<ScoredItem>> RetrieveByRows(const CsrMatrix& rows,
                                                    const TouchedOf& touched_of,
                                                    std::span<const Query> queries,
                                                    const ItemBitmap* allowed, std::size_t k);

// One contribution for each of `touched` that says something of the item. Reads the rows of all.
std::vector<std::vector<Contribution>> ExplainByRows(const CsrMatrix& rows,
                                                     std::span<const TouchedItem> touched,
                                                     std::span<const ItemIndex> items);

// The strongest of these. REQUIRES: touched ascends by item
std::vector<StrongestContributions> ExplainStrongestByRows(const CsrMatrix& rows,
                                                           std::span<const TouchedItem> touched,
                                                           std::span<const ItemIndex> items);

}  // namespace vitrine
