#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/import/import_report.h"
#include "cli/import/progress_note.h"
#include "cli/import/shop_writer.h"

namespace vitrine::cli {

// Where a value of a batch came from.
struct RowSource {
  std::uint64_t line = 0;
  std::string raw{};
};

// Some rows' worth of work, and how far the import is once it is done.
struct Batch {
  Mutation mutation{};
  std::vector<RowSource> sources{};  // Of events: one each.
  Progress progress{};
};

// The batches that are under way to a shop, oldest first. Not thread-safe, but for the results that
// come in from the writer's threads.
class InFlight {
 public:
  // All must outlive it.
  InFlight(ShopWriter& writer, RejectLog& rejects, ImportCounts& counts);

  // Waits for all that is under way; their results are lost.
  ~InFlight();

  // Starts writing `batch`, after waiting for the oldest one when too many are under way. Errors:
  // of the oldest.
  absl::Status Start(Batch batch);

  // Waits for all.
  absl::Status Finish();

  // How far everything is written.
  const Progress& progress() const { return progress_; }

 private:
  struct Results;

  absl::Status WaitForOldest();
  absl::Status Count(const Batch& batch, absl::StatusOr<WriteResult> result);
  template <typename Kind, typename Row>
  absl::Status WriteHalves(const std::vector<Row>& rows, const std::vector<RowSource>& sources);

  ShopWriter& writer_;
  RejectLog& rejects_;
  ImportCounts& counts_;
  Progress progress_;
  std::deque<Batch> batches_;
  std::shared_ptr<Results> results_;
};

}  // namespace vitrine::cli
