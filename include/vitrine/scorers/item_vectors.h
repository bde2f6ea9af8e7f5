#pragma once

#include <memory>
#include <span>

#include "vitrine/base/ids.h"
#include "vitrine/base/matrix.h"
#include "vitrine/math/sparse.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine {

// How alike items are to a model: the cosine between its vectors of them. Unlike scores of an
// item-to-item form these make a positive semidefinite matrix, and one pair costs nothing but
// itself. Immutable and thread-safe.
class ItemVectors {
 public:
  virtual ~ItemVectors() = default;

  // Whether the model has a vector of the item that is not zero.
  virtual bool Knows(ItemIndex item) const = 0;

  // Sets cosines[i] to that of `item` and others[i], from -1 to 1; 0 where one of them is not
  // known. REQUIRES: cosines.size() == others.size()
  virtual void Cosines(ItemIndex item, std::span<const ItemIndex> others,
                       std::span<float> cosines) const = 0;
};

// The rows of `factors` [num_items x d], finite, a part of `owner`, which is kept alive.
std::shared_ptr<const ItemVectors> MakeFactorVectors(std::shared_ptr<const Scorer> owner,
                                                     const Matrix& factors);

// The same of sparse rows [num_items x features].
std::shared_ptr<const ItemVectors> MakeSparseVectors(std::shared_ptr<const Scorer> owner,
                                                     const CsrMatrix& rows);

}  // namespace vitrine
