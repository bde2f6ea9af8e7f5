#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vitrine {

using Numbers = std::vector<double>;                    // NaN: missing. Never infinite.
using Texts = std::vector<std::optional<std::string>>;  // std::nullopt: missing.

enum class ColumnKind : std::uint8_t { kNumbers = 0, kTexts = 1 };

constexpr ColumnKind LastOf(ColumnKind) { return ColumnKind::kTexts; }

// "numbers" or "texts".
std::string_view Name(ColumnKind kind);

// One column of a table: cells of one kind.
struct Column {
  std::string name{};
  std::variant<Numbers, Texts> cells{};  // [rows]
  std::size_t num_infinite = 0;          // Of the missing ones: those that came as infinity.

  ColumnKind kind() const { return static_cast<ColumnKind>(cells.index()); }
  std::size_t size() const;
};

// What a cell says as text; numbers in their shortest form. std::nullopt: missing.
std::optional<std::string> CellText(const Column& column, std::size_t row);

// Named columns of equal length: what transforms are fitted on and applied to. A number that is
// infinite is no value to compute with: it becomes missing when its column comes in, and is counted
// in Column::num_infinite. A value, one thread at a time.
class FeatureTable {
 public:
  FeatureTable() = default;  // No columns, no rows.

  // Errors: INVALID_ARGUMENT two columns of one name, or of different lengths.
  static absl::StatusOr<FeatureTable> Create(std::vector<Column> columns);

  std::size_t num_rows() const { return num_rows_; }
  const std::vector<Column>& columns() const { return columns_; }

  // Null when there is none of that name.
  const Column* Find(std::string_view name) const;

  // Errors, of these three: NOT_FOUND no such column, with those there are; INVALID_ARGUMENT its
  // cells are of the other kind, with a cell that shows it and the step that converts them.
  absl::StatusOr<const Column*> Get(std::string_view name) const;
  absl::StatusOr<const Numbers*> GetNumbers(std::string_view name) const;
  absl::StatusOr<const Texts*> GetTexts(std::string_view name) const;

  // Adds columns behind the others. Errors: INVALID_ARGUMENT the name is taken or the length is
  // not that of the others.
  absl::Status Add(Column column);

  // Puts `columns`, maybe none, where the column `name` is. Errors: as Get and Add.
  absl::Status Replace(std::string_view name, std::vector<Column> columns);
  absl::Status ReplaceNumbers(std::string_view name, Numbers numbers);

  // The rows given, in that order. REQUIRES: each below num_rows()
  FeatureTable Rows(std::span<const std::size_t> rows) const;

 private:
  absl::Status CheckNew(const Column& column, const Column* replaced) const;

  std::vector<Column> columns_;
  std::size_t num_rows_ = 0;
};

// Which columns of a table a step works on.
struct ColumnChoice {
  enum class All : std::uint8_t { kNamed = 0, kNumbers = 1, kTexts = 2, kColumns = 3 };
  All all = All::kNamed;             // kNamed: those of `names`; else all of that kind.
  std::vector<std::string> names{};  // With kNamed alone.
  std::vector<std::string> except{};
};

// The names of the columns chosen, in the table's order or, where they are named, in that one.
// Errors: NOT_FOUND a name that the table has not; INVALID_ARGUMENT a name twice, one that is
// excepted too, or no column left.
absl::StatusOr<std::vector<std::string>> ChooseColumns(const FeatureTable& table,
                                                       const ColumnChoice& choice);

}  // namespace vitrine
