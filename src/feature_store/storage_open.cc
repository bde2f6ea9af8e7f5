#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/metadata.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/strings/str_format.h"
#include "feature_store/rocksdb_files.h"
#include "feature_store/storage_state.h"
#include "feature_store/wal_tail.h"
#include "vitrine/base/log.h"
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
constexpr std::uint64_t kReopenBytes = 8 << 20;  // For a reopened store's first files and writes.
constexpr int kReaderAttempts = 5;  // The owner may remove a file while a reader opens.
constexpr auto kReaderPause = std::chrono::milliseconds(50);

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

absl::StatusOr<std::vector<std::string>> ListTableFilesOnce(rocksdb::Env& env,
                                                            const std::string& folder) {
  rocksdb::DBOptions options = MakeOptions(env, Storage::Access::kReader);
  // For the names alone: whether tables and write-ahead logs are whole is asked elsewhere.
  options.paranoid_checks = false;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
  options.skip_stats_update_on_db_open = true;
  options.max_file_opening_threads = 1;
  std::vector<rocksdb::ColumnFamilyDescriptor> tables;
  for (const char* name : kTableNames) tables.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status listed =
      rocksdb::DB::OpenForReadOnly(options, folder, tables, &handles, &opened);
  const std::unique_ptr<rocksdb::DB> db(opened);
  VITRINE_RETURN_IF_ERROR(FromRocks(listed, "list the files of the store in " + folder));
  std::vector<rocksdb::LiveFileMetaData> files;
  db->GetLiveFilesMetaData(&files);
  for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
  std::vector<std::string> names;
  names.reserve(files.size());
  for (const rocksdb::LiveFileMetaData& file : files) names.push_back(file.relative_filename);
  return names;
}

// The files of the tables, as the manifest has them: another file in the folder is none of theirs,
// such as one that an owner is writing, or that a crash left half written.
absl::StatusOr<std::vector<std::string>> ListTableFiles(rocksdb::Env& env,
                                                        const std::string& folder) {
  auto names = ListTableFilesOnce(env, folder);
  // A write-ahead log that the owner removes meanwhile looks like damage.
  for (int attempt = 1; !names.ok() && attempt < kReaderAttempts; ++attempt) {
    std::this_thread::sleep_for(kReaderPause);
    names = ListTableFilesOnce(env, folder);
  }
  if (!absl::IsNotFound(names.status())) return names;
  return absl::DataLossError(
      absl::StrFormat("a file that %s/CURRENT leads to is missing: %s; "
                      "restore a backup",
                      folder, names.status().message()));
}

// Without what names the manifest there is no store, unless there are tables.
absl::Status CheckHasNoTables(const std::string& folder, FileSystem& files) {
  const auto names = files.ListFolder(folder);
  if (absl::IsNotFound(names.status())) return absl::OkStatus();
  VITRINE_RETURN_IF_ERROR(names.status());
  for (const std::string& name : *names) {
    if (!name.ends_with(".sst")) continue;
    return absl::DataLossError(
        absl::StrFormat("%s/CURRENT is missing, and %s there; restore a backup", folder, name));
  }
  return absl::OkStatus();
}

absl::Status CheckTableFile(rocksdb::Env& env, const std::string& path) {
  rocksdb::DBOptions options = MakeOptions(env, Storage::Access::kReader);
  // The manifest has it, which a file by itself has not: RocksDB would warn of every one.
  options.verify_sst_unique_id_in_manifest = false;
  rocksdb::SstFileReader file(rocksdb::Options(options, DescribeTables().front().options));
  rocksdb::ReadOptions read;
  read.readahead_size = kReadAheadBytes;
  rocksdb::Status status = file.Open(path);
  if (status.ok()) status = file.VerifyChecksum(read);
  return FromRocks(status, "check " + path);
}

bool IsOwnedByAnother(const rocksdb::Status& status) {
  const std::string message = status.ToString();
  return status.IsIOError() && (message.find("While lock file") != std::string::npos ||
                                message.find("lock hold by") != std::string::npos);
}

}  // namespace

Storage::State::~State() {
  Close();
  if (lock != nullptr) env->UnlockFile(lock);
}

void Storage::State::Close() {
  for (rocksdb::ColumnFamilyHandle* table : tables) {
    if (db != nullptr) db->DestroyColumnFamilyHandle(table);
  }
  tables.clear();
  db.reset();
}

absl::Status Storage::State::OpenAsOwner() {
  VITRINE_RETURN_IF_ERROR(files->MakeFolder(folder));
  const std::filesystem::path parent = std::filesystem::absolute(folder).parent_path();
  VITRINE_RETURN_IF_ERROR(files->SyncFolder(parent));
  const rocksdb::Status locked = env->LockFile(folder + "/OWNER", &lock);
  if (IsOwnedByAnother(locked)) {
    return absl::FailedPreconditionError(
        absl::StrFormat("%s: a server owns this store, use --target ADDR", parent.string()));
  }
  VITRINE_RETURN_IF_ERROR(FromRocks(locked, "lock the store in " + folder));
  VITRINE_ASSIGN_OR_RETURN(cut_bytes, CutTornTail(*files, folder));
  return OpenTables();
}

absl::Status Storage::State::OpenTables() {
  rocksdb::DBOptions options = MakeOptions(*env, Access::kOwner);
  disk_watch = std::make_shared<DiskWatch>();
  options.listeners.push_back(disk_watch);
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(options, folder, DescribeTables(), &tables, &opened);
  db.reset(opened);
  if (!status.ok()) tables.clear();
  acknowledged = wal_watch.mark();  // Of the log that was made just now.
  return FromRocks(status, "open the store in " + folder);
}

absl::Status Storage::State::OpenBesideNobody() {
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status = rocksdb::DB::OpenForReadOnly(
      MakeOptions(*env, Access::kReader), folder, DescribeTables(), &tables, &opened);
  db.reset(opened);
  if (!status.ok()) tables.clear();
  return FromRocks(status, "read the store in " + folder);
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
  state->files = &files;
  state->folder = folder;
  state->env = MakeRocksEnv(files, state->wal_watch);
  VITRINE_RETURN_IF_ERROR(access == Access::kOwner ? state->OpenAsOwner() : state->OpenAsReader());
  return std::unique_ptr<Storage>(new Storage(std::move(state)));
}

absl::Status Storage::CheckFiles(const std::string& folder, FileSystem& files) {
  WalWatch unused;  // Nothing is written.
  const std::unique_ptr<rocksdb::Env> env = MakeRocksEnv(files, unused);
  if (!env->FileExists(folder + "/CURRENT").ok()) return CheckHasNoTables(folder, files);
  VITRINE_ASSIGN_OR_RETURN(const auto names, ListTableFiles(*env, folder));
  for (const std::string& name : names) {
    const std::string path = folder + "/" + name;
    const absl::Status status = CheckTableFile(*env, path);
    if (status.ok()) continue;
    if (!absl::IsNotFound(status)) return status;
    VITRINE_ASSIGN_OR_RETURN(const auto names_now, ListTableFiles(*env, folder));
    if (std::find(names_now.begin(), names_now.end(), name) == names_now.end()) continue;
    return absl::DataLossError(absl::StrFormat("%s is missing; restore a backup", path));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::uint64_t> Storage::BytesToReopen() const {
  std::uint64_t wal_bytes = 0;
  VITRINE_ASSIGN_OR_RETURN(const auto names, state_->files->ListFolder(state_->folder));
  for (const std::string& name : names) {
    std::error_code error;
    if (!name.ends_with(kWalSuffix)) continue;
    const std::uint64_t size = std::filesystem::file_size(state_->folder + "/" + name, error);
    if (!error) wal_bytes += size;
  }
  return kReopenBytes + 2 * wal_bytes;
}

absl::Status Storage::Reopen() {
  const NoCopies no_copies(*state_);
  const std::unique_lock wait_for_scans(state_->scans);
  const WalMark acknowledged = state_->acknowledged;
  state_->Close();
  absl::Status status =
      CutBehind(*state_->files, state_->folder, acknowledged.path, acknowledged.size);
  if (status.ok()) status = state_->OpenTables();
  if (status.ok()) return status;
  state_->acknowledged = acknowledged;  // For the next try.
  const absl::Status read = state_->OpenBesideNobody();
  if (!read.ok()) {
    Log(LogLevel::kError, "store.unreadable", {{"reason", std::string(read.message())}});
  }
  return status;
}

}  // namespace vitrine
