#pragma once

#include <cstdint>
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace vitrine::cli {

// What one cell of a row holds.
struct Cell {
  std::string text{};
  bool is_number = false;  // JSON says so; a CSV cell is text until it is mapped as a number.
};

// One row of an import file.
struct Row {
  std::uint64_t number = 0;  // 1 for the first row of data; rows that cannot be read count too.
  std::uint64_t line = 0;    // Of the file, where the row starts.
  std::string raw{};         // As it stands in the file, without the last line break.
  std::string error{};       // Why it cannot be read; names and cells are then of no use.
  std::shared_ptr<const std::vector<std::string>> names{};
  std::vector<Cell> cells{};  // [names->size()]

  // Null when the row has no such cell.
  const Cell* Find(std::string_view name) const;
};

// Reads rows one at a time, in memory that does not grow with the file. Not thread-safe.
class RowReader {
 public:
  virtual ~RowReader() = default;

  // The next row, false at the end. Errors: UNAVAILABLE the file cannot be read on. A row that is
  // not well formed is no error of the reader: see Row::error.
  virtual absl::StatusOr<bool> Next(Row& row) = 0;

  // The columns of the header; empty where every row has its own names.
  virtual const std::vector<std::string>& columns() const = 0;

  virtual std::uint64_t bytes_read() const = 0;
};

// No line, and no quoted row of several lines, may be longer.
inline constexpr std::size_t kMaxRowBytes = std::size_t{1} << 20U;

// A CSV line of nothing but blanks is passed over, or it is a row whose cells are all empty: with
// one column, or where the blanks are the tabs between the cells.
enum class BlankLines { kSkipped, kRows };

// CSV as RFC 4180 has it, with a header; UTF-8, with or without a byte order mark. Blanks around a
// field that is not quoted are dropped. A quote that is never closed spoils its own line and no
// other. `input` must outlive the reader. Errors: INVALID_ARGUMENT there is no header, or a column
// comes twice.
absl::StatusOr<std::unique_ptr<RowReader>> ReadCsv(std::istream& input, char delimiter,
                                                   BlankLines blank_lines = BlankLines::kSkipped);

// One JSON object a line. Cells are named by their path: {"a": {"b": [1, 2]}} has "a.b[0]" and
// "a.b[1]"; null is no cell. `input` must outlive the reader.
std::unique_ptr<RowReader> ReadJsonLines(std::istream& input);

}  // namespace vitrine::cli
