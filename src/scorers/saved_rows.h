#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/ids.h"
#include "vitrine/base/matrix.h"
#include "vitrine/math/sparse.h"
#include "vitrine/math/term_weights.h"
#include "vitrine/scorers/touched_items.h"

namespace vitrine {

// Where the rows of a saved model go; see LoadItemNeighbours and its like.
struct RowMapping {
  static constexpr ItemIndex kDropped{0xFFFFFFFF};
  std::span<const ItemIndex> row_to_index{};
  std::size_t num_items = 0;
};

// DATA_LOSS unless `mapping` has one entry for each of `num_rows` rows, each dropped or within
// num_items.
absl::Status CheckRows(std::size_t num_rows, const RowMapping& mapping, std::string_view what);

void Write(const CsrMatrix& matrix, ByteWriter& writer);

// Errors: DATA_LOSS unless it is a matrix: row starts that ascend, columns that ascend and exist,
// finite values.
absl::StatusOr<CsrMatrix> ReadCsr(ByteReader& reader, std::string_view what);

void Write(const TouchWeights& weights, ByteWriter& writer);

// Not checked: see IsSound.
TouchWeights ReadTouchWeights(ByteReader& reader);

void Write(const TermWeights& weights, ByteWriter& writer);

// Not checked: see IsSound.
TermWeights ReadTermWeights(ByteReader& reader);

// Terms that are items, moved to where `mapping` sends them; rarity 0 for those that are new.
// REQUIRES: IsSound(weights, n), CheckRows(n, mapping)
TermWeights RemapTerms(TermWeights weights, const RowMapping& mapping);

// Rows moved to where `mapping` sends them, the columns as they are.
// REQUIRES: CheckRows(matrix.num_rows, mapping)
CsrMatrix RemapRows(CsrMatrix matrix, const RowMapping& mapping);

// The same for a dense matrix; rows that nothing was saved for are zero.
Matrix RemapRows(Matrix matrix, const RowMapping& mapping);

// Columns moved, the rows as they are. REQUIRES: CheckRows(matrix.num_cols, mapping)
CsrMatrix RemapColumns(CsrMatrix matrix, const RowMapping& mapping);

// Rows and columns moved. REQUIRES: CheckRows(n, mapping) for the n rows and columns
CsrMatrix RemapRowsAndColumns(CsrMatrix matrix, const RowMapping& mapping);

}  // namespace vitrine
