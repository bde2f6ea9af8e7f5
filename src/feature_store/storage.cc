#include "feature_store/storage.h"

#include <rocksdb/db.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/write_batch.h>

#include <filesystem>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include "absl/strings/str_format.h"
#include "feature_store/rocksdb_files.h"
#include "feature_store/storage_state.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace

absl::Status Storage::Commit(const Batch& batch) {
  if (state_->disk_watch->is_full()) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "the tables of the store in %s could not be sorted: the disk is full", state_->folder));
  }
  rocksdb::WriteBatch changes;
  for (const Batch::Change& change : batch.changes_) {
    rocksdb::ColumnFamilyHandle* table = state_->Handle(change.table);
    const rocksdb::Status added = change.value.has_value()
                                      ? changes.Put(table, change.key, *change.value)
                                      : changes.Delete(table, change.key);
    VITRINE_RETURN_IF_ERROR(FromRocks(added, "collect a batch"));
  }
  rocksdb::WriteOptions options;
  options.sync = true;
  VITRINE_RETURN_IF_ERROR(
      FromRocks(state_->db->Write(options, &changes), "write to the store in " + state_->folder));
  state_->acknowledged = state_->wal_watch.mark();
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> Storage::Get(Table table, std::string_view key) const {
  rocksdb::PinnableSlice value;
  const rocksdb::Status found =
      state_->db->Get(rocksdb::ReadOptions(), state_->Handle(table), ToSlice(key), &value);
  if (found.IsNotFound()) return std::nullopt;
  VITRINE_RETURN_IF_ERROR(FromRocks(found, "read the store in " + state_->folder));
  return value.ToString();
}

absl::Status Storage::Scan(Table table, std::string_view from, std::string_view to,
                           const Visit& visit) const {
  std::shared_lock lock(state_->scans);
  if (state_->db == nullptr) {
    return absl::UnavailableError(absl::StrFormat(
        "the store in %s cannot be read: its disk is full, and its files could not be opened again",
        state_->folder));
  }
  const rocksdb::Slice end = ToSlice(to);
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);  // Nobody reads this thread's counters.
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = kReadAheadBytes;
  if (!to.empty()) options.iterate_upper_bound = &end;
  const std::unique_ptr<rocksdb::Iterator> row(
      state_->db->NewIterator(options, state_->Handle(table)));
  for (row->Seek(ToSlice(from)); row->Valid(); row->Next()) {
    VITRINE_RETURN_IF_ERROR(visit(ToView(row->key()), ToView(row->value())));
  }
  return FromRocks(row->status(), "read the store in " + state_->folder);
}

absl::Status Storage::Flush() {
  return FromRocks(state_->db->Flush(rocksdb::FlushOptions(), state_->tables),
                   "write the tables of the store in " + state_->folder);
}

absl::Status Storage::Forget() {
  const NoCopies no_copies(*state_);
  rocksdb::DB& db = *state_->db;
  const std::string what = "rewrite the store in " + state_->folder;
  VITRINE_RETURN_IF_ERROR(Flush());
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  for (rocksdb::ColumnFamilyHandle* table : state_->tables) {
    VITRINE_RETURN_IF_ERROR(FromRocks(db.CompactRange(options, table, nullptr, nullptr), what));
  }
  const std::unique_lock wait_for_scans(state_->scans);
  // Removes what is obsolete now, rather than when a background thread comes to it.
  VITRINE_RETURN_IF_ERROR(FromRocks(db.DisableFileDeletions(), what));
  return FromRocks(db.EnableFileDeletions(/*force=*/true), what);
}

std::uint64_t Storage::num_disk_bytes() const {
  std::uint64_t total = 0;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(state_->folder, error)) {
    const std::uint64_t size = file.file_size(error);
    if (!error) total += size;
  }
  return total;
}

std::uint64_t Storage::NumBytesOf(Table table) const {
  rocksdb::SizeApproximationOptions options;
  options.include_memtables = true;
  const std::string behind_all(16, '\xff');
  const rocksdb::Range all("", behind_all);
  std::uint64_t bytes = 0;
  const rocksdb::Status status =
      state_->db->GetApproximateSizes(options, state_->Handle(table), &all, 1, &bytes);
  return status.ok() ? bytes : 0;
}

std::size_t Storage::cut_bytes() const { return state_->cut_bytes; }

}  // namespace vitrine
