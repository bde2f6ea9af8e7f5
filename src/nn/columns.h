#pragma once

#include "vitrine/nn/product.h"

namespace vitrine::nn {

// Adds the sums of the columns of `matrix` to `sums` [1 x columns]; of the products with the
// elements of `factor`, of the same shape, where that is given.
void AddColumnSums(const ConstView& matrix, const Matrix* factor, Matrix& sums, ThreadPool* pool);

}  // namespace vitrine::nn
