#include "vitrine/math/coarse_index.h"

namespace vitrine {

CoarseIndex::CoarseIndex(const Matrix& matrix, std::size_t fewest_in_blocks) {
  if (matrix.rows() == 0 || static_cast<std::size_t>(matrix.rows()) < fewest_in_blocks) {
    rows = CoarseRows(matrix);
    return;
  }
  blocks = RowBlocks(matrix);
  rows = CoarseRows(matrix, blocks.rows());
}

std::shared_ptr<const CoarseIndex> IndexOfMany(const Matrix& matrix) {
  if (static_cast<std::size_t>(matrix.rows()) < CoarseIndex::kFewestInBlocks) return nullptr;
  return std::make_shared<const CoarseIndex>(matrix);
}

}  // namespace vitrine
