#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/math/sparse.h"
#include "vitrine/math/top_k.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

// The product of two sparse matrices, row by row: of transposed histories with histories it counts
// which items meet. Holds num_cols numbers of scratch. Not thread-safe.
class ProductRows {
 public:
  // Both must outlive it. REQUIRES: left.num_cols == right.num_rows
  ProductRows(const CsrMatrix& left, const CsrMatrix& right)
      : left_(left),
        right_(right),
        sums_(right.num_cols),
        is_touched_((right.num_cols + 63) / 64) {}

  // Calls visit(column, sum) for every column of row `row` that a term was added to, ascending.
  template <typename Visit>
  void ForEach(std::size_t row, Visit visit) {
    Add(row);
    for (std::size_t word = 0; word < is_touched_.size(); ++word) {
      for (std::uint64_t rest = is_touched_[word]; rest != 0; rest &= rest - 1) {
        const std::size_t column = word * 64 + static_cast<std::size_t>(std::countr_zero(rest));
        visit(static_cast<std::uint32_t>(column), sums_[column]);
        sums_[column] = 0;
      }
      is_touched_[word] = 0;
    }
  }

 private:
  void Add(std::size_t row);

  const CsrMatrix& left_;
  const CsrMatrix& right_;
  std::vector<float> sums_;                // [num_cols] 0 where not touched.
  std::vector<std::uint64_t> is_touched_;  // A bit for each column.
};

// Fills `entries`, which is empty, with row `row` of a matrix, columns ascending.
using RowMaker = std::function<void(std::size_t row, std::vector<ScoredItem>& entries)>;

// Keeps of `entries`, by column ascending, the best `num_neighbours` that are not `item` itself,
// and `item` besides where `include_self`.
void KeepNeighbours(std::size_t item, std::size_t num_neighbours, bool include_self,
                    std::vector<ScoredItem>& entries);

// A square matrix [size x size] whose rows are made on context.pool. `new_maker` is called for
// every run of rows, so that a maker may hold scratch. No bit depends on the number of threads.
// Errors: CANCELLED, in the name of `trainer`.
absl::StatusOr<CsrMatrix> MakeRows(std::size_t size, const std::function<RowMaker()>& new_maker,
                                   std::string_view trainer, const TrainingContext& context);

}  // namespace vitrine
