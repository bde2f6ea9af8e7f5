#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/feature_store/transform/pipeline.h"

namespace vitrine::cli {

// How a CSV file becomes a table.
struct TableCsvOptions {
  char delimiter = ',';
  std::vector<std::string> missing{};  // Cells that are missing, besides empty ones.
  std::vector<std::string> texts{};    // Columns that are texts whatever is in them.
  std::vector<InputColumn> columns{};  // Columns of known kind; that of others shows.
};

// What --delimiter says: one character, or \t for a tab. Errors: that of UsageError.
absl::StatusOr<char> ReadDelimiter(const std::string& text);

// Reads a file with a header. A column is numbers where every cell that is not missing is one: a
// decimal without leading zeros (007 is a name), or inf or nan, which count as missing; else it is
// texts. In a table of one column a blank line is a missing cell. Errors: NOT_FOUND no such file;
// INVALID_ARGUMENT "file:line: " and what is wrong with a row, a cell that is no number in a column
// known to be numbers, or a column of `texts` that is not there.
absl::StatusOr<FeatureTable> ReadTableCsv(const std::string& path, const TableCsvOptions& options);

// Writes a header and the rows, as RFC 4180 has it; numbers in the shortest form that reads back as
// the same, missing cells empty, or "" where a row has no other. Errors: those of FileSystem.
absl::Status WriteTableCsv(const FeatureTable& table, const std::string& path, char delimiter);

// Adds one cell to a line, in quotes where RFC 4180 wants them.
void AppendCsvCell(std::string_view cell, char delimiter, std::string& out);

}  // namespace vitrine::cli
