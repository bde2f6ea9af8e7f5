#include "training/product_rows.h"

#include <algorithm>
#include <utility>

#include "training/trainers.h"

namespace vitrine {

namespace {

constexpr std::size_t kLeastRunRows = 64;
constexpr std::size_t kMostRuns =
    2048;  // Each run sets its scratch to 0, so few on a large matrix.
constexpr std::size_t kRunsPerReport = 32;

struct Run {
  std::vector<std::uint64_t> row_size{};
  std::vector<std::uint32_t> column{};
  std::vector<float> value{};
};

Run MadeRun(std::size_t begin, std::size_t end, const RowMaker& make_row) {
  Run run;
  std::vector<ScoredItem> entries;
  for (std::size_t row = begin; row < end; ++row) {
    entries.clear();
    make_row(row, entries);
    run.row_size.push_back(entries.size());
    for (const ScoredItem& entry : entries) {
      run.column.push_back(static_cast<std::uint32_t>(entry.item));
      run.value.push_back(entry.score);
    }
  }
  return run;
}

CsrMatrix Assembled(std::size_t size, std::vector<Run> runs) {
  CsrMatrix matrix;
  matrix.num_rows = size;
  matrix.num_cols = size;
  matrix.row_begin.reserve(size + 1);
  std::size_t num_entries = 0;
  for (const Run& run : runs) num_entries += run.column.size();
  matrix.column.reserve(num_entries);
  matrix.value.reserve(num_entries);
  for (Run& run : runs) {
    for (const std::uint64_t row_size : run.row_size) {
      matrix.row_begin.push_back(matrix.row_begin.back() + row_size);
    }
    matrix.column.insert(matrix.column.end(), run.column.begin(), run.column.end());
    matrix.value.insert(matrix.value.end(), run.value.begin(), run.value.end());
    run = {};  // Or the matrix would be in memory twice.
  }
  return matrix;
}

}  // namespace

void ProductRows::Add(std::size_t row) {
  const auto inner = left_.Columns(row);
  const auto factors = left_.Values(row);
  for (std::size_t i = 0; i < inner.size(); ++i) {
    const auto columns = right_.Columns(inner[i]);
    const auto values = right_.Values(inner[i]);
    const float factor = factors[i];
    for (std::size_t j = 0; j < columns.size(); ++j) {
      const std::uint32_t column = columns[j];
      sums_[column] += factor * values[j];
      is_touched_[column / 64] |= std::uint64_t{1} << column % 64;
    }
  }
}

void KeepNeighbours(std::size_t item, std::size_t num_neighbours, bool include_self,
                    std::vector<ScoredItem>& entries) {
  const auto is_before = [item](const ScoredItem& entry) { return Row(entry.item) < item; };
  const auto own = std::partition_point(entries.begin(), entries.end(), is_before);
  const bool is_met = own != entries.end() && Row(own->item) == item;
  const ScoredItem self = is_met ? *own : ScoredItem{};
  if (is_met) entries.erase(own);
  KeepBest(num_neighbours, entries);
  if (is_met && include_self) {
    entries.insert(std::partition_point(entries.begin(), entries.end(), is_before), self);
  }
}

absl::StatusOr<CsrMatrix> MakeRows(std::size_t size, const std::function<RowMaker()>& new_maker,
                                   std::string_view trainer, const TrainingContext& context) {
  const std::size_t run_rows = std::max(kLeastRunRows, size / kMostRuns);
  std::vector<Run> runs((size + run_rows - 1) / run_rows);
  for (std::size_t first = 0; first < runs.size(); first += kRunsPerReport) {
    if (IsCancelled(context)) return Cancelled(trainer);
    ReportProgress(context, static_cast<double>(first) / static_cast<double>(runs.size()));
    const std::size_t count = std::min(kRunsPerReport, runs.size() - first);
    context.pool->ParallelFor(count, [&](std::size_t i) {
      const std::size_t begin = (first + i) * run_rows;
      runs[first + i] = MadeRun(begin, std::min(begin + run_rows, size), new_maker());
    });
  }
  ReportProgress(context, 1);
  return Assembled(size, std::move(runs));
}

}  // namespace vitrine
