#pragma once

#include <cstdlib>
#include <memory>

#include "cli/import/row_reader.h"

namespace vitrine::cli {

// Reads to the end. Every row has a cell for each of its names, or says why it cannot be read.
inline void ReadEveryRow(RowReader& reader) {
  Row row;
  std::uint64_t last_line = 0;
  while (true) {
    const auto has_row = reader.Next(row);
    if (!has_row.ok() || !*has_row) return;
    if (row.line <= last_line && last_line != 0) std::abort();
    last_line = row.line;
    if (!row.error.empty()) continue;
    if (row.names == nullptr || row.names->size() != row.cells.size()) std::abort();
  }
}

}  // namespace vitrine::cli
