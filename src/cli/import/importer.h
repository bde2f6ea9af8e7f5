#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "cli/import/convert.h"
#include "cli/import/import_report.h"
#include "cli/import/progress_note.h"
#include "cli/import/row_reader.h"
#include "cli/import/shop_writer.h"
#include "vitrine/base/clock.h"

namespace vitrine::cli {

// One file on its way into a shop.
struct ImportJob {
  RowKind kind{};
  // Opens the file from its start. Called again when a note turns out to be of another file.
  std::function<absl::StatusOr<std::unique_ptr<RowReader>>()> open{};
  const RowConverter* converter = nullptr;
  std::string fingerprint{};           // Of all that decides what a row becomes.
  const ProgressNote* note = nullptr;  // Null: an import that breaks off starts over.
  RejectLog* rejects = nullptr;        // Never null.
  std::size_t batch_rows = 1000;
  std::function<void(std::uint64_t bytes_read)> progress{};  // May be empty.
};

// Reads, converts and writes every row of the job's file. Holds a few batches in memory, however
// long the file is. An event whose id the shop knows with other content is rejected as
// "event-id-reused"; the rest of its batch is written.
//
// Errors: those of `open` and of the writer; what was written until then stays, and the same call
// goes on from there.
absl::StatusOr<ImportCounts> Import(const ImportJob& job, ShopWriter& writer, const Clock& clock);

}  // namespace vitrine::cli
