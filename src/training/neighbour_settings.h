#pragma once

#include <vector>

#include "absl/status/status.h"
#include "training/setting_reader.h"
#include "vitrine/math/similarity.h"
#include "vitrine/math/sparse.h"
#include "vitrine/math/term_weights.h"

namespace vitrine {

// What models that compare shoppers or items have in common: the settings "similarity",
// "term_weighting", "bm25_k1" and "bm25_b".
Settings NeighbourDefaults();
Similarity ReadSimilarity(SettingReader& reader);
TermWeights ReadTermWeights(SettingReader& reader);

// Whether `weights` [users x items] can be compared in that way. Errors: INVALID_ARGUMENT Pearson's
// correlation of pairs that all weigh the same, or of weighed terms.
absl::Status CheckComparable(const CsrMatrix& weights, Similarity similarity,
                             const TermWeights& term_weights);

std::vector<double> RowNorms(const CsrMatrix& matrix);

// Takes the mean of each row off its entries.
void CentreRows(CsrMatrix& matrix);

}  // namespace vitrine
