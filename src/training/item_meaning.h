#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "vitrine/base/matrix.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/math/sparse.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

enum class MeaningSource {
  kHistories,  // What an item is bought and looked at with says what it is.
  kTexts,      // Latent semantics of the texts alone.
};

struct MeaningOptions {
  MeaningSource source = MeaningSource::kHistories;
  std::size_t dimensions = 128;
  std::size_t neighbours = 3;  // Of kHistories: the described items that speak for a new one.
};

// Vectors of items by the company they keep [num_items x <= dimensions], rows of length 1 or 0: the
// right singular vectors of
//
//   max(0, ln(n_ij n / (n_i n_j)))    n_ij: shoppers who touched both, n_i: its row's sum, n: all
//
// each times the square root of its value, rows then cut to length 1. An item without company is a
// row of zeros. `weights` [users x items], entries above 0. O(sum of squares of the users' items +
// entries dimensions). Sources: Church, Hanks 1990 (PMI); Levy, Goldberg, Dagan, "Improving
// distributional similarity with lessons learned from word embeddings", TACL 2015 (the root).
Matrix CompanyVectors(const CsrMatrix& weights, std::size_t dimensions, ThreadPool* pool);

// Gives rows of zeros the mean of the vectors of the `neighbours` items whose texts are closest,
// each weighed by the square of their cosine. `texts` [num_items x features] has rows of length 1
// or 0. What shares no feature with any item that has a vector stays zero.
void FillFromTexts(const CsrMatrix& texts, std::size_t neighbours, Matrix& vectors,
                   ThreadPool* pool);

// As `options` say, of items described by `texts` and touched as `dataset` tells. Of a data set
// without shoppers, which is a catalogue whose texts changed: the vectors of the live content model
// (context.live), and of its texts for items that it does not know. Errors: CANCELLED.
absl::StatusOr<Matrix> ItemMeaning(const Dataset& dataset, const CsrMatrix& texts,
                                   const MeaningOptions& options, const TrainingContext& context);

}  // namespace vitrine
