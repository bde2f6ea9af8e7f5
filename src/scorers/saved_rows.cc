#include "scorers/saved_rows.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

namespace {

bool IsMatrix(const CsrMatrix& matrix) {
  const auto& begin = matrix.row_begin;
  if (matrix.num_cols > std::numeric_limits<std::uint32_t>::max() || begin.empty() ||
      begin.front() != 0 || begin.back() != matrix.column.size() ||
      matrix.column.size() != matrix.value.size() || !std::is_sorted(begin.begin(), begin.end())) {
    return false;
  }
  for (std::size_t row = 0; row < matrix.num_rows; ++row) {
    const auto columns = matrix.Columns(row);
    const bool has_repeat_or_disorder =
        std::adjacent_find(columns.begin(), columns.end(), std::greater_equal<>()) != columns.end();
    if (has_repeat_or_disorder || (!columns.empty() && columns.back() >= matrix.num_cols)) {
      return false;
    }
  }
  return std::all_of(matrix.value.begin(), matrix.value.end(),
                     [](float value) { return std::isfinite(value); });
}

// Whether every row stays where it is, as in a catalogue that only grew since.
bool IsInPlace(const RowMapping& mapping) {
  for (std::size_t row = 0; row < mapping.row_to_index.size(); ++row) {
    const ItemIndex item = mapping.row_to_index[row];
    if (item == RowMapping::kDropped || Row(item) != row) return false;
  }
  return mapping.num_items >= mapping.row_to_index.size();
}

// With empty rows behind what it has.
CsrMatrix WithRows(std::size_t num_rows, CsrMatrix matrix) {
  matrix.row_begin.resize(num_rows + 1, matrix.column.size());
  matrix.num_rows = num_rows;
  return matrix;
}

// Room in `result` for what is left of `matrix`.
void Reserve(const CsrMatrix& matrix, std::size_t num_rows, CsrMatrix& result) {
  result.row_begin.reserve(num_rows + 1);
  result.column.reserve(matrix.column.size());
  result.value.reserve(matrix.value.size());
}

using Entries = std::vector<std::pair<std::uint32_t, float>>;

// Appends one row to `result`, with the columns that `mapping` keeps where it sends them. `entries`
// is room to work in.
void AppendRemapped(const CsrMatrix& matrix, std::size_t row, const RowMapping& mapping,
                    Entries& entries, CsrMatrix& result) {
  entries.clear();
  for (std::uint64_t i = matrix.row_begin[row]; i < matrix.row_begin[row + 1]; ++i) {
    const ItemIndex column = mapping.row_to_index[matrix.column[i]];
    if (column == RowMapping::kDropped) continue;
    entries.emplace_back(static_cast<std::uint32_t>(column), matrix.value[i]);
  }
  std::sort(entries.begin(), entries.end());
  for (const auto& [column, value] : entries) {
    result.column.push_back(column);
    result.value.push_back(value);
  }
}

// The saved row that becomes each item; num_rows where none does.
std::vector<std::size_t> Sources(std::size_t num_rows, const RowMapping& mapping) {
  std::vector<std::size_t> sources(mapping.num_items, num_rows);
  for (std::size_t row = 0; row < num_rows; ++row) {
    const ItemIndex item = mapping.row_to_index[row];
    if (item != RowMapping::kDropped) sources[Row(item)] = row;
  }
  return sources;
}

}  // namespace

absl::Status CheckRows(std::size_t num_rows, const RowMapping& mapping, std::string_view what) {
  if (mapping.row_to_index.size() != num_rows) {
    return absl::DataLossError(absl::StrFormat("%s holds %d items, its list of item ids %d", what,
                                               num_rows, mapping.row_to_index.size()));
  }
  for (const ItemIndex item : mapping.row_to_index) {
    if (item != RowMapping::kDropped && Row(item) >= mapping.num_items) {
      return absl::DataLossError(
          absl::StrFormat("%s sends a row to item %d of %d", what, Row(item), mapping.num_items));
    }
  }
  return absl::OkStatus();
}

void Write(const CsrMatrix& matrix, ByteWriter& writer) {
  writer.Unsigned(matrix.num_cols);
  writer.Array(matrix.row_begin);
  writer.Array(matrix.column);
  writer.Array(matrix.value);
}

absl::StatusOr<CsrMatrix> ReadCsr(ByteReader& reader, std::string_view what) {
  CsrMatrix matrix;
  matrix.num_cols = reader.Unsigned();
  matrix.row_begin = reader.Array<std::uint64_t>();
  matrix.column = reader.Array<std::uint32_t>();
  matrix.value = reader.Array<float>();
  VITRINE_RETURN_IF_ERROR(reader.status(what));
  matrix.num_rows = matrix.row_begin.empty() ? 0 : matrix.row_begin.size() - 1;
  if (!IsMatrix(matrix)) {
    return absl::DataLossError(absl::StrFormat("%s holds numbers that are no sparse matrix", what));
  }
  return matrix;
}

void Write(const TouchWeights& weights, ByteWriter& writer) {
  writer.Unsigned(static_cast<std::uint64_t>(weights.weighting));
  writer.Float(weights.context_weight);
  writer.Float(weights.scale);
}

TouchWeights ReadTouchWeights(ByteReader& reader) {
  TouchWeights weights;
  // A number beyond the enum must not wrap around to one within.
  weights.weighting = static_cast<Weighting>(std::min<std::uint64_t>(reader.Unsigned(), 255));
  weights.context_weight = reader.Float();
  weights.scale = reader.Float();
  return weights;
}

void Write(const TermWeights& weights, ByteWriter& writer) {
  writer.Unsigned(static_cast<std::uint64_t>(weights.weighting));
  writer.Float(weights.k1);
  writer.Float(weights.b);
  writer.Float(weights.mean_length);
  writer.Array(weights.rarity);
}

TermWeights ReadTermWeights(ByteReader& reader) {
  TermWeights weights;
  weights.weighting = static_cast<TermWeighting>(std::min<std::uint64_t>(reader.Unsigned(), 255));
  weights.k1 = reader.Float();
  weights.b = reader.Float();
  weights.mean_length = reader.Float();
  weights.rarity = reader.Array<float>();
  return weights;
}

TermWeights RemapTerms(TermWeights weights, const RowMapping& mapping) {
  if (weights.rarity.empty()) return weights;
  std::vector<float> rarity(mapping.num_items, 0);
  for (std::size_t row = 0; row < weights.rarity.size(); ++row) {
    const ItemIndex item = mapping.row_to_index[row];
    if (item != RowMapping::kDropped) rarity[Row(item)] = weights.rarity[row];
  }
  weights.rarity = std::move(rarity);
  return weights;
}

CsrMatrix RemapRows(CsrMatrix matrix, const RowMapping& mapping) {
  if (IsInPlace(mapping)) return WithRows(mapping.num_items, std::move(matrix));
  CsrMatrix result;
  result.num_rows = mapping.num_items;
  result.num_cols = matrix.num_cols;
  Reserve(matrix, mapping.num_items, result);
  for (const std::size_t row : Sources(matrix.num_rows, mapping)) {
    if (row < matrix.num_rows) {
      const auto columns = matrix.Columns(row);
      const auto values = matrix.Values(row);
      result.column.insert(result.column.end(), columns.begin(), columns.end());
      result.value.insert(result.value.end(), values.begin(), values.end());
    }
    result.row_begin.push_back(result.column.size());
  }
  return result;
}

Matrix RemapRows(Matrix matrix, const RowMapping& mapping) {
  if (IsInPlace(mapping) && mapping.num_items == mapping.row_to_index.size()) return matrix;
  Matrix result = Matrix::Zero(static_cast<Eigen::Index>(mapping.num_items), matrix.cols());
  for (std::size_t row = 0; row < mapping.row_to_index.size(); ++row) {
    if (mapping.row_to_index[row] == RowMapping::kDropped) continue;
    result.row(static_cast<Eigen::Index>(Row(mapping.row_to_index[row]))) =
        matrix.row(static_cast<Eigen::Index>(row));
  }
  return result;
}

CsrMatrix RemapColumns(CsrMatrix matrix, const RowMapping& mapping) {
  if (IsInPlace(mapping)) {
    matrix.num_cols = mapping.num_items;
    return matrix;
  }
  CsrMatrix result;
  result.num_rows = matrix.num_rows;
  result.num_cols = mapping.num_items;
  Reserve(matrix, matrix.num_rows, result);
  Entries entries;
  for (std::size_t row = 0; row < matrix.num_rows; ++row) {
    AppendRemapped(matrix, row, mapping, entries, result);
    result.row_begin.push_back(result.column.size());
  }
  return result;
}

CsrMatrix RemapRowsAndColumns(CsrMatrix matrix, const RowMapping& mapping) {
  if (IsInPlace(mapping)) {
    matrix.num_cols = mapping.num_items;
    return WithRows(mapping.num_items, std::move(matrix));
  }
  CsrMatrix result;
  result.num_rows = mapping.num_items;
  result.num_cols = mapping.num_items;
  Reserve(matrix, mapping.num_items, result);
  Entries entries;
  for (const std::size_t row : Sources(matrix.num_rows, mapping)) {
    if (row < matrix.num_rows) AppendRemapped(matrix, row, mapping, entries, result);
    result.row_begin.push_back(result.column.size());
  }
  return result;
}

}  // namespace vitrine
