#include "cli/features/table_csv.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "cli/import/row_reader.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/nearest.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/parse_cell.h"

namespace vitrine::cli {
namespace {

bool Holds(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

// "007" is a name and "0.07" a number.
bool HasLeadingZero(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9';
}

std::optional<double> NumberIn(const std::string& cell) {
  return HasLeadingZero(cell) ? std::nullopt : ParseAnyNumber(cell);
}

// All cells of a file, by column, and the line that each row starts on.
struct Cells {
  std::vector<std::string> names{};
  std::vector<Texts> columns{};
  std::vector<std::uint64_t> lines{};
};

absl::StatusOr<Cells> ReadCells(const std::string& path, const TableCsvOptions& options) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrFormat("%s cannot be opened", path));
  auto reader = ReadCsv(file, options.delimiter, BlankLines::kRows);
  if (!reader.ok()) {
    return absl::InvalidArgumentError(path + ": " + std::string(reader.status().message()));
  }
  Cells cells{.names = (*reader)->columns()};
  cells.columns.resize(cells.names.size());
  Row row;
  while (true) {
    VITRINE_ASSIGN_OR_RETURN(const bool has_row, (*reader)->Next(row));
    if (!has_row) return cells;
    if (!row.error.empty()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s:%d: the row %s", path, row.line, row.error));
    }
    cells.lines.push_back(row.line);
    for (std::size_t i = 0; i < cells.columns.size(); ++i) {
      std::string& text = row.cells[i].text;
      const bool is_missing = text.empty() || Holds(options.missing, text);
      cells.columns[i].push_back(is_missing ? std::nullopt : std::optional(std::move(text)));
    }
  }
}

// The row of the first cell that is no number; all of them are where it is the number of rows.
std::size_t FirstText(const Texts& cells) {
  const auto found = std::find_if(cells.begin(), cells.end(), [](const auto& cell) {
    return cell.has_value() && !NumberIn(*cell).has_value();
  });
  return static_cast<std::size_t>(found - cells.begin());
}

Numbers NumbersIn(const Texts& cells) {
  constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
  Numbers numbers;
  numbers.reserve(cells.size());
  for (const auto& cell : cells) {
    numbers.push_back(cell.has_value() ? ParseAnyNumber(*cell).value_or(kMissing) : kMissing);
  }
  return numbers;
}

std::optional<ColumnKind> KnownKind(const std::string& name, const TableCsvOptions& options) {
  if (Holds(options.texts, name)) return ColumnKind::kTexts;
  for (const InputColumn& column : options.columns) {
    if (column.name == name) return column.kind;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<char> ReadDelimiter(const std::string& text) {
  if (text == "\\t") return '\t';
  if (text.size() == 1) return text[0];
  return UsageError(
      absl::StrFormat("--delimiter is \"%s\"; wants one character, or \\t for a tab", text));
}

absl::StatusOr<FeatureTable> ReadTableCsv(const std::string& path, const TableCsvOptions& options) {
  VITRINE_ASSIGN_OR_RETURN(Cells cells, ReadCells(path, options));
  for (const std::string& name : options.texts) {
    if (Holds(cells.names, name)) continue;
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s has no column %s, which is to be texts; %s", path, name, Allowed(name, cells.names)));
  }
  FeatureTable table;
  for (std::size_t i = 0; i < cells.names.size(); ++i) {
    const std::optional<ColumnKind> known = KnownKind(cells.names[i], options);
    Column column{.name = cells.names[i]};
    const std::size_t first_text = FirstText(cells.columns[i]);
    const bool are_numbers = first_text == cells.columns[i].size();
    if (known == ColumnKind::kNumbers && !are_numbers) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s:%d: %s is \"%s\"; wants a number, as in the table that the pipeline was fitted on",
          path, cells.lines[first_text], column.name, *cells.columns[i][first_text]));
    }
    if (known.value_or(ColumnKind::kNumbers) == ColumnKind::kNumbers && are_numbers) {
      column.cells = NumbersIn(cells.columns[i]);
    } else {
      column.cells = std::move(cells.columns[i]);
    }
    VITRINE_RETURN_IF_ERROR(table.Add(std::move(column)));
  }
  return table;
}

void AppendCsvCell(std::string_view cell, char delimiter, std::string& out) {
  const bool is_plain = cell.find_first_of("\"\r\n") == std::string_view::npos &&
                        cell.find(delimiter) == std::string_view::npos &&
                        (cell.empty() || (cell.front() != ' ' && cell.back() != ' '));
  if (is_plain) {
    out.append(cell);
    return;
  }
  out += '"';
  for (const char c : cell) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

absl::Status WriteTableCsv(const FeatureTable& table, const std::string& path, char delimiter) {
  std::string out;
  const auto append_row = [&](const auto& cell_of) {
    const std::size_t begin = out.size();
    for (const Column& column : table.columns()) {
      if (&column != table.columns().data()) out += delimiter;
      AppendCsvCell(cell_of(column), delimiter, out);
    }
    // Most readers skip a blank line.
    if (out.size() == begin && table.columns().size() == 1) out += "\"\"";
    out += '\n';
  };
  append_row([](const Column& column) { return column.name; });
  for (std::size_t row = 0; row < table.num_rows(); ++row) {
    append_row([&](const Column& column) { return CellText(column, row).value_or(""); });
  }
  return WriteFileAtomically(LocalFileSystem(), path, out);
}

}  // namespace vitrine::cli
