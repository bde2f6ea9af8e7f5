#include "feature_store/storage.h"

#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "feature_store/rocksdb_files.h"
#include "feature_store/wal_tail.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::array<const char*, kNumTables> kTableNames = {
    "default", "log", "items", "shoppers", "event_ids", "erased",
};

// What a table may hold in memory before it is sorted into a file, and in the write-ahead log of
// all tables together. They bound what a start after a crash reads again to about a second's worth.
constexpr std::size_t kWriteBufferBytes = 16 << 20;
constexpr std::size_t kMaxLogBytes = 64 << 20;
constexpr std::size_t kBlockCacheBytes = 32 << 20;
constexpr std::size_t kReadAheadBytes = 2 << 20;
constexpr int kReaderAttempts = 5;  // The owner may remove a file while a reader opens.
constexpr auto kReaderPause = std::chrono::milliseconds(50);

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// Once a write found the disk full, RocksDB would go on by itself as soon as there is room, with a
// new write-ahead log: the half-written record would stand in the middle, as damage does.
class NoRecovery final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*error*/,
                            bool* auto_recovery) override {
    *auto_recovery = false;
  }
};

rocksdb::DBOptions MakeOptions(rocksdb::Env& env, Storage::Access access) {
  rocksdb::DBOptions options;
  options.env = &env;
  options.info_log = MakeRocksLogger();
  options.create_if_missing = access == Storage::Access::kOwner;
  options.create_missing_column_families = options.create_if_missing;
  options.paranoid_checks = true;
  // The torn tail is cut before; any damage that is left is an error.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kAbsoluteConsistency;
  options.track_and_verify_wals_in_manifest = true;
  options.max_bgerror_resume_count = 0;  // A failed write is never retried.
  options.listeners.push_back(std::make_shared<NoRecovery>());
  options.max_total_wal_size = kMaxLogBytes;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  if (access == Storage::Access::kReader) {
    // The owner appends while we read: the end of its log may be half a record.
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    options.max_open_files = -1;  // An open file can be read after the owner removed it.
  }
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> DescribeTables() {
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // What an erasure left behind can be searched for in the files, by a test and by an auditor.
  options.compression = rocksdb::kNoCompression;
  options.write_buffer_size = kWriteBufferBytes;
  options.arena_block_size = kWriteBufferBytes / 64;  // Five of the six tables stay small.
  // Nearly every event id that is looked up is new: the filter says so without a search.
  options.memtable_prefix_bloom_size_ratio = 0.05;
  options.memtable_whole_key_filtering = true;
  std::vector<rocksdb::ColumnFamilyDescriptor> tables;
  tables.reserve(kTableNames.size());
  for (const char* name : kTableNames) tables.emplace_back(name, options);
  return tables;
}

bool IsOwnedByAnother(const rocksdb::Status& status) {
  const std::string message = status.ToString();
  return status.IsIOError() && (message.find("While lock file") != std::string::npos ||
                                message.find("lock hold by") != std::string::npos);
}

}  // namespace

struct Storage::State {
  std::string folder{};
  std::unique_ptr<rocksdb::Env> env{};
  rocksdb::FileLock* lock = nullptr;  // Held by an owner: the tail is cut before RocksDB locks.
  std::unique_ptr<rocksdb::DB> db{};
  std::vector<rocksdb::ColumnFamilyHandle*> tables{};
  std::size_t cut_bytes = 0;
  std::shared_mutex scans{};  // Shared by every scan: an iterator keeps deleted files alive.

  ~State() {
    for (rocksdb::ColumnFamilyHandle* table : tables) {
      if (db != nullptr) db->DestroyColumnFamilyHandle(table);
    }
    db.reset();
    if (lock != nullptr) env->UnlockFile(lock);
  }

  rocksdb::ColumnFamilyHandle* Handle(Table table) const {
    return tables[static_cast<std::size_t>(table)];
  }

  absl::Status OpenAsOwner(FileSystem& files);
  absl::Status OpenAsReader();
};

absl::Status Storage::State::OpenAsOwner(FileSystem& files) {
  VITRINE_RETURN_IF_ERROR(files.MakeFolder(folder));
  const std::filesystem::path parent = std::filesystem::absolute(folder).parent_path();
  VITRINE_RETURN_IF_ERROR(files.SyncFolder(parent));
  const rocksdb::Status locked = env->LockFile(folder + "/OWNER", &lock);
  if (IsOwnedByAnother(locked)) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s: a server owns this store, use --target ADDR", parent.string()));
  }
  VITRINE_RETURN_IF_ERROR(FromRocks(locked, "lock the store in " + folder));
  VITRINE_ASSIGN_OR_RETURN(cut_bytes, CutTornTail(files, folder));
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(MakeOptions(*env, Access::kOwner), folder,
                                                   DescribeTables(), &tables, &opened);
  db.reset(opened);
  return FromRocks(status, "open the store in " + folder);
}

absl::Status Storage::State::OpenAsReader() {
  if (!env->FileExists(folder + "/CURRENT").ok()) {
    return absl::NotFoundError(absl::StrFormat("there is no store in %s", folder));
  }
  rocksdb::Status status;
  for (int attempt = 0; attempt < kReaderAttempts; ++attempt) {
    rocksdb::DB* opened = nullptr;
    status = rocksdb::DB::OpenAsSecondary(MakeOptions(*env, Access::kReader), folder, folder,
                                          DescribeTables(), &tables, &opened);
    db.reset(opened);
    if (status.ok() || status.IsCorruption()) break;
    tables.clear();
    std::this_thread::sleep_for(kReaderPause);
  }
  return FromRocks(status, "read the store in " + folder);
}

Storage::Storage(std::unique_ptr<State> state) : state_(std::move(state)) {}
Storage::~Storage() = default;

absl::StatusOr<std::unique_ptr<Storage>> Storage::Open(const std::string& folder, Access access,
                                                       FileSystem& files) {
  auto state = std::make_unique<State>();
  state->folder = folder;
  state->env = MakeRocksEnv(files);
  VITRINE_RETURN_IF_ERROR(access == Access::kOwner ? state->OpenAsOwner(files)
                                                   : state->OpenAsReader());
  return std::unique_ptr<Storage>(new Storage(std::move(state)));
}

absl::Status Storage::Commit(const Batch& batch) {
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
  return FromRocks(state_->db->Write(options, &changes), "write to the store in " + state_->folder);
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

absl::Status Storage::CheckFiles() const {
  rocksdb::ReadOptions options;
  options.readahead_size = kReadAheadBytes;
  return FromRocks(state_->db->VerifyChecksum(options), "check the store in " + state_->folder);
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

std::size_t Storage::cut_bytes() const { return state_->cut_bytes; }

}  // namespace vitrine
